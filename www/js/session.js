/*
 * session.js - who we are to the server. A session (a cookie that scripts cannot read) is started when something needs it,
 * not before: whoever only looks gets none.
 */
import * as api from './api.js';
import { wishes } from './store.js';

let who = null;
let told = () => {};

/** told(name or null) whenever we learn who we are. */
export const onMe = (callback) => { told = callback; };

function know(answer) {
	who = answer;
	told(who?.name ?? null);
	return who;
}

/** What GET /api/me said last: {identified, id, name}, or null when nobody has asked yet. */
export const me = () => who;

export async function askMe() {
	return know(await api.getMe());
}

export async function rename(name) {
	return know(await api.startSession(name));
}

export async function leave() {
	await api.endSession();
	who = null;
}

let starting = null;

/** One at a time: two would be two people. */
async function ensureSession() {
	if (who?.identified)
		return;
	starting ??= api.startSession().finally(() => { starting = null; });
	know(await starting);
}

/** What needs a session, once more with a fresh one if ours has ended. */
export async function withSession(call, isNeeded = true) {
	if (isNeeded)
		await ensureSession();
	try {
		return await call();
	} catch (e) {
		if (e.status !== 401)
			throw e;
		who = null;
		await ensureSession();
		return call();
	}
}

/** A private chat with our wishes; a model that is not offered any more is no reason to fail. key: a second try gets the same chat. */
export async function makeChat(key) {
	const { persona, model } = wishes();
	const fields = persona ? { systemPrompt: persona } : {};
	const make = (more) => withSession(() => api.createChat({ ...fields, ...more }, key));
	if (!model)
		return make({});
	return make({ model }).catch((e) => { if (e.status !== 422) throw e; return make({}); });
}
