// npm: mingo@7.2.7
// npm: sift@17.1.4
// MongoDB's query language by mingo or by sift, as the setting `engine` says.
import { readFileSync } from "node:fs";
import { Query } from "mingo";
import sift from "sift";
import { serve } from "./serving.mjs";

const settings = { engine: "mingo" };
const version = (name) => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version;

// What PCRE2 and JavaScript spell in different ways.
const sides = { "\\A": "^", "\\z": "(?![\\s\\S])", "(?s:.)": "[\\s\\S]", "(?m:$)": "(?![^\\n])", ".": "[^\\n]" };
const escape = (text) => text.replace(/\\([^])/g, (whole, sign) => (/[\w^$\\.*+?()[\]{}|/]/.test(sign) ? whole : `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`));
const pattern = (text) =>
  new RegExp(
    text.replace(/\(\?s:\.\)|\(\?m:\$\)|\(\?<!\[\^\\n\]\)|\\[^]|\[(?:\\[^]|[^\]])*\]|\./g, (token) => sides[token] ?? escape(token)),
    "u",
  );

const compiled = (filter) => {
  if (Array.isArray(filter)) return filter.map(compiled);
  if (filter === null || typeof filter !== "object") return filter;
  return Object.fromEntries(Object.entries(filter).map(([key, value]) => [key, key === "$regex" ? pattern(value) : compiled(value)]));
};

const documentOf = (record) => {
  const made = { _id: record.id };
  if (record.document !== null) made.text = record.document;
  if (record.uri !== null) made.uri = record.uri;
  for (const [key, value] of Object.entries(record.metadata)) {
    const path = key.split(".");
    if (key.includes("\0") || path.some((step) => step === "" || step.startsWith("$"))) continue;
    let inner = made;
    for (const step of path.slice(0, -1)) inner = inner[step] ??= {};
    inner[path.at(-1)] ??= value;
  }
  return made;
};

await serve(
  { mingo: version("mingo"), sift: version("sift") },
  (records, given) => {
    Object.assign(settings, given);
    return records.map(documentOf);
  },
  (held, native) => {
    const filter = compiled(native);
    const finds = settings.engine === "sift" ? sift(filter) : ((query) => (doc) => query.test(doc))(new Query(filter));
    return held.filter((doc) => finds(doc)).map((doc) => doc._id);
  },
);
