/** What a table of sessions and its kernel tell each other; `dari_nb/widgets/sessions/wire.py` agrees. */

/**
 * A session; `created` is ISO 8601 in UTC, `run` names the run it belongs to and `task` the place of its task there;
 * all but `id` may be empty.
 */
export interface Row {
  id: string;
  status: string;
  agent: string;
  llm: string;
  name: string;
  created: string;
  metadata: Record<string, string>;
  run: string;
  task: string;
}

/**
 * What a session is about: the beginning of its first message, and how many there are; `null` when unknown.
 * `cancelled` is whether the last one, which a list tells to have failed, was cancelled.
 */
export interface SessionSummary {
  words: string | null;
  turns: number | null;
  cancelled: boolean;
}

/**
 * Body of the request `summaries`, whose answer is a summary by id; and of `costs`, whose answer is a text by id, empty
 * while unknown, where `run:NAME` stands for all sessions of a run.
 */
export interface Wanted {
  ids: string[];
}

/** Body of the request `open`; the answer is the transcript as HTML. */
export interface Chosen {
  id: string;
}

/**
 * The synced traits: the session that is open, those whose boxes are ticked, by their ids. `preview` says whether the
 * one that is open is shown beside the table.
 */
export interface State {
  active: string;
  selection: string[];
  preview: boolean;
}
