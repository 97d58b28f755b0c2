/** Does the member's API server answer? */
import { failed, type Check } from "./check";

export const api: Check = ({ facts: { api } }) =>
  api.reachable ? { issues: [], detail: api.version } : { issues: [failed(api.message, api.remedy)] };
