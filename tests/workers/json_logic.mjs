// JSON Logic: the reference, which answers a rule for each record, its keys in the data itself.
// npm: json-logic-js@2.0.5
import { createRequire } from "node:module";
import { serve } from "./serving.mjs";

const require = createRequire(import.meta.url);
const logic = require("json-logic-js");
const { version } = require("json-logic-js/package.json");

const load = (records) => records.map(({ id, document, uri, metadata }) => ({ ...metadata, id, document, uri }));
const find = (data, rule) => data.filter((each) => logic.truthy(logic.apply(rule, each))).map((each) => each.id);

await serve({ "json-logic-js": version }, load, find);
