/*
 * api.js - talks to fcgi-app. Answers JSON or throws ApiError; nothing is retried here.
 */
const BASE = new URL('api/', document.baseURI);
const TIMEOUT_MS = 20000;

/** status 0: no answer came (code "network" or "timeout"). retryAfter: seconds, or null. */
export class ApiError extends Error {
	constructor(status, code, detail, retryAfter = null) {
		super(detail || code);
		Object.assign(this, { status, code, detail, retryAfter });
	}
}

/** Seconds or an HTTP date. */
function retryAfter(header) {
	if (!header)
		return null;
	const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
	return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

async function problem(response) {
	const body = await response.json().catch(() => ({}));
	const detail = body.detail ?? body.message ?? body.title ?? '';
	return new ApiError(response.status, String(body.code ?? response.status), detail, retryAfter(response.headers.get('Retry-After')));
}

/** key: an Idempotency-Key, which makes a repeated try harmless: the first one's answer comes again. */
async function call(method, path, body, key) {
	const headers = { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(key && { 'Idempotency-Key': key }) };
	let response;
	try {
		response = await fetch(new URL(path, BASE), {
			method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS),
		});
	} catch (e) {
		throw new ApiError(0, e.name === 'TimeoutError' ? 'timeout' : 'network', '');
	}
	if (!response.ok)
		throw await problem(response);
	return response.status === 204 ? null : response.json().catch(() => { throw new ApiError(502, 'not_json', ''); });
}

const of = (chatId, rest = '') => `chats/${encodeURIComponent(chatId)}${rest}`;
const message = (chatId, id, rest = '') => of(chatId, `/messages/${encodeURIComponent(id)}${rest}`);

export const getConfig = () => call('GET', 'config');
export const getMe = () => call('GET', 'me');
/** Starts a session, or names the person of the one that is there. */
export const startSession = (name) => call('POST', 'session', name === undefined ? undefined : { name });
export const endSession = () => call('DELETE', 'session');
export const getUsage = () => call('GET', 'usage');

export const listChats = (cursor) => call('GET', `chats${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
export const searchChats = (q) => call('GET', `search?q=${encodeURIComponent(q)}`);
export const createChat = (fields, key) => call('POST', 'chats', fields, key);
export const getChat = (id) => call('GET', of(id));
export const changeChat = (id, fields) => call('PATCH', of(id), fields);
export const deleteChat = (id) => call('DELETE', of(id));
export const restoreChat = (id) => call('POST', of(id, '/restore'));
export const exportUrl = (id, format) => new URL(of(id, `/export?format=${format}`), BASE).href;
export const inviteTo = (id) => call('POST', of(id, '/share'));
export const stopSharing = (id) => call('DELETE', of(id, '/share'));
export const joinChat = (token) => call('POST', 'join', { token });
export const getMembers = (id) => call('GET', of(id, '/members'));
export const removeMember = (id, member) => call('DELETE', of(id, `/members/${encodeURIComponent(member)}`));

export const getHistory = (id, after) => call('GET', of(id, `/history?after=${after}`));
export const getMessages = (id, before) => call('GET', of(id, `/messages${before ? `?before=${encodeURIComponent(before)}` : ''}`));
export const sendMessage = (chatId, text, key) => call('POST', 'send-message', { chatId, messages: [{ role: 'user', content: text }] }, key);
export const stopReply = (id, messageId, length) => call('POST', of(id, '/stop'), { messageId, length });
export const regenerate = (id, messageId, key) => call('POST', message(id, messageId, '/regenerate'), undefined, key);
export const editMessage = (id, messageId, content, key) => call('PATCH', message(id, messageId), { content }, key);
export const chooseBranch = (id, messageId) => call('PUT', of(id, '/head'), { messageId });
