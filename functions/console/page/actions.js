/** The actions on an order that its status and the user's scopes allow. */

import { cancelOrder, updateStatus } from "./api.js";
import { ask } from "./dialog.js";
import { editOrder } from "./edit.js";
import { caller, may } from "./session.js";

const REASON = ["Reason", "reason", { maxlength: 500, hint: "optional" }];
const TRACKING = ["Tracking number", "tracking_number", { maxlength: 128, hint: "optional" }];

/** Status updates by support, with the statuses in which the API accepts them. */
const UPDATES = [
  {
    status: "shipped",
    from: ["confirmed", "cancelling"],
    label: "Mark as shipped",
    text: "The parcel left.",
    fields: [TRACKING],
  },
  {
    status: "delivered",
    from: ["confirmed", "cancelling", "shipped"],
    label: "Mark as delivered",
    text: "The parcel arrived.",
  },
  {
    status: "returned",
    from: ["shipped", "delivered"],
    label: "Mark as returned",
    text: "The parcel came back. The payment will be refunded.",
    fields: [REASON],
    isDestructive: true,
  },
];

export function updatesOn(status) {
  return UPDATES.filter(({ from }) => from.includes(status));
}

export function isEditable({ shipping_status: status }) {
  return status === "pending";
}

/** @returns {Array<Object>} labels, and `run`, which returns the changed order; null if the user went back */
export function actionsOn(order) {
  const isOwn = caller()?.customer === order.customer_id;
  const isCancellable = order.links.cancel && (isOwn || may("orders:cancel"));
  const updates = may("orders:ship") ? updatesOn(order.status) : [];
  const run = ({ status }) => (values) => updateStatus(order, { status, ...values });
  return [
    ...updates.map((update) => confirmed(update, run(update))),
    ...(isEditable(order) && (isOwn || may("orders:ship")) ? [{ label: "Edit", isQuiet: true, run: () => editOrder(order) }] : []),
    ...(isCancellable ? [confirmed(cancellation(order), ({ reason }) => cancelOrder(order, reason))] : []),
  ];
}

/** Returns an action that runs with the values which a dialog asks for. */
function confirmed(action, change) {
  return {
    ...action,
    async run() {
      const values = await ask(action);
      return values && change(values);
    },
  };
}

function cancellation(order) {
  return {
    label: "Cancel order",
    text: order.shipping_status === "ready"
      ? "The shipment will be cancelled first. If it has already left, the order is not cancelled."
      : "Its stock will be released and any payment refunded.",
    fields: [REASON],
    isDestructive: true,
  };
}
