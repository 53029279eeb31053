import { openView } from "../widget";
import { paths } from "./component";

export default openView(paths);
