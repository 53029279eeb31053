import type { Row } from "../../src/sessions/wire";

/** A session as a row of the table, with what a test is about. */
export function row(id: string, fields: Partial<Row> = {}): Row {
  return {
    id,
    status: "completed",
    agent: "echo",
    llm: "",
    name: "",
    created: "",
    metadata: {},
    run: "",
    task: "",
    ...fields,
  };
}
