/** What can be done to an order, by its state and its reader's token. */

import { cancelOrder, updateOrder } from "./api.js";
import { caller, may } from "./session.js";

const REASON = ["Reason", "reason", { maxlength: 500, hint: "optional" }];
const TRACKING = ["Tracking number", "tracking_number", { maxlength: 128, hint: "optional" }];

/** What support reports: the status to report, and in which statuses the API's table of events admits that. */
const REPORTS = [
  { status: "shipped", from: ["confirmed"], label: "Mark shipped", text: "The parcel has left.", fields: [TRACKING] },
  { status: "delivered", from: ["shipped"], label: "Mark delivered", text: "The parcel has arrived.", fields: [] },
  {
    status: "returned",
    from: ["shipped", "delivered"],
    label: "Mark returned",
    text: "The parcel has come back; what was paid is refunded.",
    fields: [REASON],
    isGrave: true,
  },
];

/** The reports that an order's status admits. */
export function reportsOn(status) {
  return REPORTS.filter(({ from }) => from.includes(status));
}

/**
 * The actions that a reader has on an order.
 * @returns {Array<{label: string, text: string, fields: Array, isGrave?: boolean, run: function(Object): Promise}>}
 *   what `ask` asks, and what to do with the answers
 */
export function actionsOn(order) {
  const isTheirs = caller()?.customer === order.customer_id;
  const reports = may("orders:write") ? reportsOn(order.status) : [];
  const actions = reports.map((report) => ({
    ...report,
    run: (given) => updateOrder(order, { status: report.status, ...given }),
  }));
  return order.links.cancel && (isTheirs || may("orders:write")) ? [...actions, cancelling(order)] : actions;
}

function cancelling(order) {
  return {
    label: "Cancel order",
    text: order.shipping_status === "ready"
      ? "The parcel is called back first; if it has left already, the order goes on."
      : "Its stock is given back, and so is what was paid.",
    fields: [REASON],
    isGrave: true,
    run: ({ reason }) => cancelOrder(order, reason),
  };
}
