/* api.js - requests to the push server. What fails is an Error with a status (0: no answer) and the server's sentence. */

export async function request(method, path, body) {
	let answer;
	try {
		answer = await fetch(path, { method, cache: 'no-store', ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) });
	} catch {
		throw Object.assign(new Error('no answer'), { status: 0 });
	}
	const json = answer.status === 204 ? null : await answer.json().catch(() => null);
	if (!answer.ok)
		throw Object.assign(new Error(json?.error ?? String(answer.status)), { status: answer.status });
	return json;
}

export const get = (path) => request('GET', path);
export const post = (path, body) => request('POST', path, body);
export const appPath = (app, rest) => `api/${encodeURIComponent(app.id)}/${rest}`;
