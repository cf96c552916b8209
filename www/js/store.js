/*
 * store.js - what this browser remembers: recent chats, drafts, unsent messages, wishes. Storage that is full or forbidden
 * loses only the memory, never the page.
 */
const CHATS_MAX = 50;
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

/** 128 random bits, base64url. Not crypto.randomUUID: that one is missing on plain http. */
export function randomId() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** "o-": an open chat whose id we choose. The server's own ids begin with "c-". */
export const newChatId = () => `o-${randomId()}`;

/** The first words of a text, cut at a word. */
export function titleOf(text) {
	const line = text.trim().replace(/\s+/g, ' ');
	if (line.length <= TITLE_MAX)
		return line;
	const cut = line.slice(0, TITLE_MAX);
	const space = cut.lastIndexOf(' ');
	return `${(space > TITLE_MAX / 2 ? cut.slice(0, space) : cut).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Newest first: [{id, title}] */
export function chats() {
	const list = read('charla.chats', []);
	return Array.isArray(list) ? list.filter((c) => typeof c?.id === 'string' && typeof c.title === 'string') : [];
}

export function rememberChat(id, title) {
	const list = chats();
	const old = list.find((c) => c.id === id);
	write('charla.chats', [{ id, title: old?.title || title }, ...list.filter((c) => c !== old)].slice(0, CHATS_MAX));
}

export function renameChat(id, title) {
	write('charla.chats', chats().map((c) => (c.id === id ? { ...c, title } : c)));
}

export function forgetChat(id) {
	write('charla.chats', chats().filter((c) => c.id !== id));
	setDraft(id, '');
	setUnsent(id, []);
}

export const draft = (id) => read(`charla.draft.${id}`, '');
export const setDraft = (id, text) => write(`charla.draft.${id}`, text || null);

/** [{key, text}] in the order of writing */
export const unsent = (id) => read(`charla.unsent.${id}`, []);
export const setUnsent = (id, list) => write(`charla.unsent.${id}`, list.length ? list : null);

export const storedLanguage = () => read('charla.lang', null);
export const storeLanguage = (lang) => write('charla.lang', lang);

/** Plain text, not JSON: theme.js reads it before anything else is loaded. */
export function storeTheme(theme) {
	try {
		localStorage.setItem('charla.theme', theme);
	} catch { /* forbidden */ }
}
