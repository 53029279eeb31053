import { openView } from "../widget";
import { trajectories } from "./component";

export default openView(trajectories);
