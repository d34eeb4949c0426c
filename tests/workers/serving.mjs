// What workers of Node share: the pipe to the tests; see serving.py.
import { createInterface } from "node:readline";

export async function serve(versions, load, find) {
  let held = null;
  let settings = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    let answer = {};
    if (question.settings) {
      settings = question.settings;
      answer = { versions };
    } else if (question.records) {
      try {
        held = load(question.records, settings);
      } catch (error) {
        answer = { failed: String(error) };
      }
    } else {
      answer.answers = question.filters.map((native) => {
        try {
          return find(held, native);
        } catch (error) {
          return String(error);
        }
      });
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}
