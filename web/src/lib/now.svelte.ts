/** The centre's clock, told anew every second, so that ages on the page grow by themselves. */
import { centreNow } from '../api/client';

let now = $state(centreNow());
setInterval(() => (now = centreNow()), 1000);

export const time = {
  get now() {
    return now;
  },
};
