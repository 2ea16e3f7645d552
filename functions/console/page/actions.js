/** The actions on an order that its status and the user's scopes allow. */

import { cancelOrder, updateOrder } from "./api.js";
import { caller, may } from "./session.js";

const REASON = ["Reason", "reason", { maxlength: 500, hint: "optional" }];
const TRACKING = ["Tracking number", "tracking_number", { maxlength: 128, hint: "optional" }];

/** Status updates by support, with the statuses in which the API accepts them. */
const UPDATES = [
  { status: "shipped", from: ["confirmed", "cancelling"], label: "Mark as shipped", text: "The parcel left.", fields: [TRACKING] },
  {
    status: "delivered",
    from: ["confirmed", "cancelling", "shipped"],
    label: "Mark as delivered",
    text: "The parcel arrived.",
    fields: [],
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

/** @returns {Array<Object>} what `ask` shows, and `run`, a function of the entered values */
export function actionsOn(order) {
  const isOwn = caller()?.customer === order.customer_id;
  const updates = may("orders:ship") ? updatesOn(order.status) : [];
  const run = ({ status }) => (values) => updateOrder(order, { status, ...values });
  const actions = updates.map((update) => ({ ...update, run: run(update) }));
  return order.links.cancel && (isOwn || may("orders:cancel")) ? [...actions, cancellation(order)] : actions;
}

function cancellation(order) {
  return {
    label: "Cancel order",
    text: order.shipping_status === "ready"
      ? "The shipment will be cancelled first. If it has already left, the order is not cancelled."
      : "Its stock will be released and any payment refunded.",
    fields: [REASON],
    isDestructive: true,
    run: ({ reason }) => cancelOrder(order, reason),
  };
}
