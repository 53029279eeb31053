/** What every view and its kernel tell each other. `dari_nb/widgets/wire.py` has the same shapes. */

/**
 * A view asks the kernel; each request gets exactly one answer with the same id. All pages hear
 * that, and so no two of them ask by one id.
 */
export interface Request {
  kind: "request";
  id: number;
  what: string;
  body: unknown;
}

/** A page shows the view, said when it begins to and when it is asked. */
export interface Here {
  kind: "here";
  jupyter: boolean;
}

/** A page shows the view no more; `cleared` when its output is gone and the cell is not. */
export interface Gone {
  kind: "gone";
  cleared: boolean;
}

/** The kernel asks all pages whether they show the view. */
export interface Who {
  kind: "who";
}

/** The view is about to be closed: `html` is its static output, for pages that get no other. */
export interface Last {
  kind: "last";
  html: string;
}

/** The cell reads no input any more: what its question was about is settled elsewhere. */
export interface Unasked {
  kind: "unasked";
}

/**
 * A tool call that waits for the reader's decision; `arguments` is sanitised HTML. `about` says in
 * plain words what the tool does; empty when nobody wrote it down.
 */
export interface Question {
  id: string;
  name: string;
  about: string;
  arguments: string;
}

/**
 * Body of the request `decide`; `always` holds for the tool in this session. `reason` is what the
 * agent is told of a refusal; it may be empty.
 */
export interface Decision {
  id: string;
  verdict: "run" | "refuse" | "always";
  reason: string;
}

/** `error` is a text for the reader; without one, `body` is what was asked for. */
export interface Answer {
  kind: "answer";
  id: number;
  error: string | null;
  body: unknown;
}
