/*
 * store.js - what this browser remembers: open chats that were visited, drafts, unsent messages, wishes. Storage that is full
 * or forbidden loses only the memory, never the page. No token is ever kept here.
 */
const VISITED_MAX = 50, MINE_MAX = 400;
const TITLE_MAX = 60;

function read(key, fallback) {
	try {
		return JSON.parse(localStorage.getItem(key)) ?? fallback;
	} catch {
		return fallback;
	}
}

function write(key, value) {
	try {
		if (value === null)
			localStorage.removeItem(key);
		else
			localStorage.setItem(key, JSON.stringify(value));
	} catch { /* full or forbidden */ }
}

const array = (value) => (Array.isArray(value) ? value : []);

/** 128 random bits, base64url. Not crypto.randomUUID: that one is missing on plain http. */
export function randomId() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The first words of a text, cut at a word. */
export function titleOf(text) {
	const line = text.trim().replace(/\s+/g, ' ');
	if (line.length <= TITLE_MAX)
		return line;
	const cut = line.slice(0, TITLE_MAX);
	const space = cut.lastIndexOf(' ');
	return `${(space > TITLE_MAX / 2 ? cut.slice(0, space) : cut).replace(/[\ud800-\udbff]$/, '')}…`;
}

/* --- chats: the server lists those of a person; open ones, which have no owner, are remembered here ------------------- */

/** A chat that is still only here gets this as its id, until the server has made it. ":" is in no real id. */
export const NEW = 'new:';
export const isNew = (id) => id.startsWith(NEW);
/** Ids that the server makes; others are open chats. */
export const isOurs = (id) => id.startsWith('c-');

/** Newest first: [{id, title, at}] */
export const visited = () => array(read('charla.chats', [])).filter((c) => typeof c?.id === 'string' && typeof c.title === 'string');

export function visit(id, title) {
	const list = visited();
	const old = list.find((c) => c.id === id);
	write('charla.chats', [{ id, title: title || old?.title || id, at: Date.now() }, ...list.filter((c) => c !== old)].slice(0, VISITED_MAX));
}

export function forget(id) {
	const rest = visited().filter((c) => c.id !== id);
	write('charla.chats', rest.length > 0 ? rest : null);
}

/** Messages that were sent from here, also without a session: they are ours. */
export const isMine = (id) => array(read('charla.mine', [])).includes(id);
export const noteMine = (id) => write('charla.mine', [id, ...array(read('charla.mine', []))].slice(0, MINE_MAX));

/* --- what is being written --------------------------------------------------------------------------------------------- */

export const draft = (id) => read(`charla.draft.${id}`, '');
export const setDraft = (id, text) => write(`charla.draft.${id}`, text || null);

const UNSENT = 'charla.unsent.';

/** Messages on their way, of all chats, oldest first: [{chat, key, text, at}]. One item each: tabs do not overwrite each other. */
export function unsent() {
	let keys = [];
	try {
		keys = Object.keys(localStorage);
	} catch { /* forbidden */ }
	return keys.filter((k) => k.startsWith(UNSENT)).map((k) => read(k, null))
		.filter((e) => typeof e?.key === 'string' && typeof e.text === 'string' && typeof e.chat === 'string').sort((a, b) => a.at - b.at);
}

export const putUnsent = ({ chat, key, text, at }) => write(UNSENT + key, { chat, key, text, at });
export const dropUnsent = (key) => write(UNSENT + key, null);

/** All of a person is taken away; language and theme are the device's. */
export function forgetAll() {
	try {
		for (const key of Object.keys(localStorage))
			if (key.startsWith('charla.') && key !== 'charla.lang' && key !== 'charla.theme')
				localStorage.removeItem(key);
	} catch { /* forbidden */ }
}

/* --- wishes: {persona, model, ...} ---------------------------------------------------------------------------------------- */

export const wishes = () => ({ ...read('charla.wishes', {}) });
export const setWish = (name, value) => write('charla.wishes', { ...wishes(), [name]: value || undefined });
export const storeLanguage = (lang) => write('charla.lang', lang);

/** Plain text, not JSON: theme.js reads it. null: as the system. */
export function storeTheme(theme) {
	try {
		if (theme)
			localStorage.setItem('charla.theme', theme);
		else
			localStorage.removeItem('charla.theme');
	} catch { /* forbidden */ }
	dispatchEvent(new CustomEvent('charla:theme', { detail: theme }));
}

export function storedTheme() {
	try {
		return localStorage.getItem('charla.theme');
	} catch {
		return null;
	}
}
