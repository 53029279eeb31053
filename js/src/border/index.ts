import { openView } from "../widget";
import { border } from "./component";

export default openView(border);
