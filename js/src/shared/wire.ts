/** What every view and its kernel tell each other. `dari_nb/widgets/wire.py` has the same shapes. */

/** A view asks the kernel; each request gets exactly one answer with the same id. */
export interface Request {
  kind: "request";
  id: number;
  what: string;
  body: unknown;
}

/** A tool call that waits for the reader's decision; `arguments` is sanitised HTML. */
export interface Question {
  id: string;
  name: string;
  arguments: string;
}

/** Body of the request `decide`; `always` holds for the tool in this session. */
export interface Decision {
  id: string;
  verdict: "run" | "refuse" | "always";
}

/** `error` is a text for the reader; without one, `body` is what was asked for. */
export interface Answer {
  kind: "answer";
  id: number;
  error: string | null;
  body: unknown;
}
