/** Postal addresses: as blocks of text, and as fields of a form. */

import { element } from "./dom.js";
import { entry } from "./form.js";

/** The fields: label, name, length and hint. */
const FIELDS = [
  ["Name", "name", 200],
  ["Company", "company", 200],
  ["Address line 1", "line1", 200, "street and number"],
  ["Address line 2", "line2", 200, "apartment, floor"],
  ["Postal code", "postal_code", 20],
  ["City", "city", 100],
  ["Region", "region", 100, "state, province"],
  ["Country", "country"],
  ["Phone", "phone", 32],
];
const NAMES = new Intl.DisplayNames(undefined, { type: "region" });

/** The countries that the API accepts: ISO 3166-1, and Kosovo. */
export const COUNTRIES = (
  "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDE" +
  "DJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP" +
  "KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZ" +
  "OMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTW" +
  "TZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"
).match(/../g);

export function addressBlock({ name, company, line1, line2, city, region, postal_code: code, country, phone }) {
  const place = [[city, region].filter(Boolean).join(", "), code].filter(Boolean).join(" ");
  const lines = [name, company, line1, line2, place, NAMES.of(country), phone];
  return lines.filter(Boolean).map((line) => element("div", {}, line));
}

/** Creates the fields of an address. @param {string} field that of the order, which starts the fields' names */
export function addressFields(field, address) {
  const countries = COUNTRIES.map((code) => [code, NAMES.of(code)]).sort(([, a], [, b]) => a.localeCompare(b));
  return element("div", { class: "address" }, FIELDS.map(([label, name, maxlength, hint]) => {
    const options = name === "country" && [["", ""], ...countries];
    return entry(label, `${field}.${name}`, { value: address?.[name], maxlength, hint, options });
  }));
}

export function fillAddress(form, field, address) {
  for (const [, name] of FIELDS) form.elements[`${field}.${name}`].value = address?.[name] ?? "";
}

/** Returns the address in a form's values; null if nothing is entered. */
export function enteredAddress(values, field) {
  return ordered((name) => values[`${field}.${name}`]);
}

/** Returns an address with its fields in the order of the form. @param {function(string): string} valueOf */
export function ordered(valueOf) {
  const entries = FIELDS.map(([, name]) => [name, valueOf(name)]).filter(([, value]) => value);
  return entries.length ? Object.fromEntries(entries) : null;
}
