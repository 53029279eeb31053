/** What a table of sessions and its kernel tell each other; `dari_nb/widgets/sessions/wire.py` agrees. */

/** A session; `created` is ISO 8601 in UTC, all but `id` may be empty. */
export interface Row {
  id: string;
  status: string;
  agent: string;
  llm: string;
  name: string;
  created: string;
  metadata: Record<string, string>;
}

/** Body of the request `costs`; the answer is a text by id, empty while unknown. */
export interface Wanted {
  ids: string[];
}

/** Body of the request `open`; the answer is the transcript as HTML. */
export interface Chosen {
  id: string;
}

/** The synced traits: ids of the selected sessions, in the order of the table. */
export interface State {
  selected: string[];
}
