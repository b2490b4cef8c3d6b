/** Who is signed in. Every page asks through `guarded`, so that an ended session leads to the sign-in page from anywhere. */
import { api, ApiError, ask, type User } from '../api/client';

export type SessionState = 'unknown' | 'out' | 'in';

let state = $state<SessionState>('unknown');
let user = $state<User>();
let setupRequired = $state(false);
let reachable = $state(true);

export const session = {
  get state() {
    return state;
  },
  get user() {
    return user;
  },
  get setupRequired() {
    return setupRequired;
  },
  get reachable() {
    return reachable;
  },
};

/** Runs a call of a signed-in page; notes an ended session and a centre that does not answer. */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    const answer = await call();
    reachable = true;
    return answer;
  } catch (e) {
    if (e instanceof ApiError && e.trouble === 'signed-out') await signedOut();
    if (e instanceof ApiError && e.trouble === 'offline') reachable = false;
    throw e;
  }
}

async function signedOut() {
  setupRequired = (await ask(api.GET('/api/v1/auth:status'))).setupRequired ?? false;
  state = 'out';
  user = undefined;
}

function begin(who: User | undefined) {
  user = who;
  setupRequired = false;
  state = 'in';
}

/** Finds out whether the cookie of an earlier visit still holds. */
export async function resume(): Promise<void> {
  begin(await guarded(() => ask(api.GET('/api/v1/me'))));
}

export async function signIn(name: string, password: string): Promise<void> {
  begin((await ask(api.POST('/api/v1/auth:signin', { body: { user: name, password } }))).user);
}

export async function setUp(token: string, name: string, password: string): Promise<void> {
  begin((await ask(api.POST('/api/v1/auth:setup', { body: { token, user: name, password } }))).user);
}

/** Signs in by a one-time link; when the token is spent, a session that still holds goes on. */
export async function exchange(token: string): Promise<void> {
  try {
    begin((await ask(api.POST('/api/v1/auth:exchange', { body: { token } }))).user);
  } catch (e) {
    await resume().catch(() => undefined);
    if (state !== 'in') throw e;
  }
}

export async function signOut(): Promise<void> {
  await ask(api.POST('/api/v1/auth:signout', { body: {} }));
  await signedOut();
}
