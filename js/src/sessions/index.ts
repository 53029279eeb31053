import { openView } from "../widget";
import { sessions } from "./component";

export default openView(sessions);
