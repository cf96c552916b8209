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

async function call(path, options = {}) {
	let response;
	try {
		response = await fetch(new URL(path, BASE), { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
	} catch (e) {
		throw new ApiError(0, e.name === 'TimeoutError' ? 'timeout' : 'network', '');
	}
	if (!response.ok)
		throw await problem(response);
	return response.json().catch(() => { throw new ApiError(502, 'not_json', ''); });
}

export const getConfig = () => call('config');

export async function getHistory(chatId, after) {
	try {
		return await call(`chats/${encodeURIComponent(chatId)}/history?after=${after}`);
	} catch (e) {
		if (e.status !== 404)
			throw e;
		return { seq: 0, messages: [], deleted: [], more: false, reset: after > 0 };   // before its first message
	}
}

/** The key makes a repeated send harmless: the server answers the first one's ids again. */
export const sendMessage = (chatId, text, key) => call('send-message', {
	method: 'POST',
	headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
	body: JSON.stringify({ chatId, messages: [{ role: 'user', content: text }] }),
});
