/** What a view of runs and its kernel tell each other; `dari_nb/widgets/trajectories/wire.py` agrees. */

/** Body of the request `open`; the answer is the transcript of the run as HTML. */
export interface Chosen {
  run: number;
}

/** The synced traits: the table, and what is open, as `run` or `run:call`; or empty. */
export interface State {
  html: string;
  active: string;
}
