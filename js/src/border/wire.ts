/** What the border of a box and its kernel tell each other; `dari_nb/widgets/border/wire.py` agrees. */

/** The synced traits: what the box is called for those who hear the page. */
export interface State {
  label: string;
}
