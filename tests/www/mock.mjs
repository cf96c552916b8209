/*
 * mock.mjs - stands in for fcgi-app and push-server behind one web server, with the same contracts (HTTP API, events, Pusher
 * protocol), so that the page can be shown every state at will: knobs tells what goes wrong next. By hand:
 *   node tests/www/mock.mjs [port]
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const WWW = fileURLToPath(new URL('../../www/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; "
	+ "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const PAGE_ROWS = 200;

export const SAMPLE = `## Colas acotadas en C

Una cola **acotada** nunca crece: cuando está llena, quien escribe *espera* o recibe un error. Lo esencial:

1. Una capacidad que es potencia de dos.
2. Dos contadores, \`head\` y \`tail\`, que solo suben.
3. Una regla para cuando está llena.

\`\`\`c
int ring_push(struct ring *r, void *p)
{
	size_t h = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t t = atomic_load_explicit(&r->tail, memory_order_acquire);

	if (h - t == r->cap)
		return -1;	/* llena */
	r->slot[h & (r->cap - 1)] = p;
	atomic_store_explicit(&r->head, h + 1, memory_order_release);
	return 0;
}
\`\`\`

| Estrategia | Latencia p50 | Latencia p99 | Memoria |
|---|---:|---:|:---:|
| Bloquear | 0,8 ms | 240 ms | baja |
| Descartar | 0,7 ms | 3,1 ms | baja |
| Crecer | 0,7 ms | 2,9 ms | **alta** |

> Si el cliente puede reanudar desde un número de secuencia, cerrar es más barato que guardar.

- [x] \`TCP_NODELAY\` activo
- [ ] prueba de 10 000 conexiones inactivas

Más en <https://example.org/guia> 🙂.
`;

const id = () => randomBytes(16).toString('base64url');
const now = () => new Date().toISOString();

export class Mock {
	chats = new Map();
	channels = new Map();         // name -> Set of sockets
	timers = new Set();
	requests = [];                // "METHOD path"
	keys = new Map();             // Idempotency-Key -> answer
	/** push: 'live', 'off' (config says so) or 'broken' (nobody answers). failures: answers for the next POSTs. */
	knobs = {
		push: 'live', demo: true, vendor: true, text: SAMPLE, tickMs: 40, chunk: 12, firstMs: 120,
		end: 'complete', error: null, failures: [], drop: () => false, apiDown: false, stallAfter: Infinity,
	};

	async start(port = 0) {
		this.http = createServer((req, res) => this.#serve(req, res).catch((e) => { res.statusCode = 500; res.end(String(e)); }));
		this.wss = new WebSocketServer({ noServer: true });
		this.http.on('upgrade', (req, socket, head) => {
			if (this.knobs.push !== 'live')
				return socket.destroy();
			return this.wss.handleUpgrade(req, socket, head, (ws) => this.#greet(ws));
		});
		await new Promise((done) => this.http.listen(port, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.http.address().port}/`;
		return this;
	}

	async stop() {
		this.timers.forEach(clearTimeout);
		this.cut();
		this.http.closeAllConnections();
		await new Promise((done) => this.http.close(done));
	}

	/** Every socket ends without a word. */
	cut() {
		for (const ws of this.wss.clients)
			ws.terminate();
	}

	closeAll(code) {
		for (const ws of this.wss.clients)
			ws.close(code);
	}

	chat(chatId) {
		if (!this.chats.has(chatId))
			this.chats.set(chatId, { id: chatId, seq: 0, messages: new Map(), deleted: [], headId: null, epoch: 'e1', title: '' });
		return this.chats.get(chatId);
	}

	/** The stored messages of a chat, oldest first. */
	stored(chatId) {
		return [...this.chat(chatId).messages.values()];
	}

	/** Somebody else writes. */
	say(chatId, content) {
		const chat = this.chat(chatId);
		const prev = chat.seq;
		const user = this.#insert(chat, { role: 'user', content, status: 'complete' });
		const reply = this.#insert(chat, { role: 'assistant', content: '', status: 'queued' });
		this.#publish(chat, 'message_created', { chatId, message: this.#row(user), prev, seq: chat.seq });
		this.#later(() => this.#stream(chat, reply), this.knobs.firstMs);
		return { user, reply };
	}

	/* --- HTTP ------------------------------------------------------------------------------------------------------- */

	async #serve(req, res) {
		const path = new URL(req.url, this.url).pathname;
		if (path.startsWith('/api/')) {
			this.requests.push(`${req.method} ${req.url}`);
			if (this.knobs.apiDown)
				return req.socket.destroy();
			return this.#api(req, res, path.slice(5));
		}
		const file = normalize(path === '/' ? '/index.html' : path);
		const hidden = !this.knobs.vendor && file.startsWith('/vendor/');
		const body = hidden ? null : await readFile(join(WWW, file)).catch(() => null);
		res.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff' });
		return res.end(body);
	}

	async #api(req, res, path) {
		const json = (status, body, headers = {}) => {
			res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...headers });
			res.end(JSON.stringify(body));
		};
		if (path === 'config')
			return json(200, this.#config());
		if (path === 'send-message' && req.method === 'POST') {
			let body = '';
			for await (const chunk of req)
				body += chunk;
			return this.#send(JSON.parse(body), req.headers['idempotency-key'], json);
		}
		const history = /^chats\/([^/]+)\/history$/.exec(path);
		if (history)
			return this.#history(decodeURIComponent(history[1]), Number(new URL(req.url, this.url).searchParams.get('after') ?? 0), json);
		return json(404, { code: 'not_found', detail: 'No such route.' });
	}

	#config() {
		const enabled = this.knobs.push !== 'off';
		return {
			appName: 'Charla', demo: this.knobs.demo, languages: ['es', 'en'],
			push: { enabled, key: 'local', host: null, port: null, scheme: null, path: '', ...(!enabled && { reason: 'BROADCAST_DRIVER=null' }) },
			limits: { messageBytes: 32768, messages: 200, bodyBytes: 262144 },
		};
	}

	#send(body, key, json) {
		const failure = this.knobs.failures.shift();
		if (failure)
			return json(failure.status, failure.body ?? { code: 'x', detail: 'no' }, failure.headers);
		if (key && this.keys.has(key))
			return json(202, this.keys.get(key));
		const { user, reply } = this.say(body.chatId, body.messages.at(-1).content);
		const chat = this.chat(body.chatId);
		const answer = { status: 'queued', chatId: chat.id, messageId: user.id, replyId: reply.id, jobId: id(), seq: chat.seq, channel: `chat.${chat.id}` };
		if (key)
			this.keys.set(key, answer);
		return json(202, answer);
	}

	#history(chatId, after, json) {
		const chat = this.chats.get(chatId);
		if (!chat)
			return json(404, { code: 'not_found', detail: 'No such chat.' });
		const rows = [...chat.messages.values()].filter((m) => m.changedSeq > after).sort((a, b) => a.changedSeq - b.changedSeq);
		const messages = rows.slice(0, PAGE_ROWS);
		const more = rows.length > messages.length;
		return json(200, {
			chatId, seq: more ? messages.at(-1).changedSeq : chat.seq, epoch: chat.epoch, headId: chat.headId, chat: { title: chat.title },
			messages: messages.map((m) => this.#row(m)), deleted: [], more, reset: after > chat.seq,
		});
	}

	#row(m) {
		return { ...m, length: m.content.length };
	}

	/* --- chats -------------------------------------------------------------------------------------------------------- */

	#insert(chat, fields) {
		const m = { id: id(), parentId: chat.headId, createdAt: now(), changedSeq: ++chat.seq, ...fields };
		chat.messages.set(m.id, m);
		chat.headId = m.id;
		return m;
	}

	#later(fn, ms) {
		const timer = setTimeout(() => { this.timers.delete(timer); fn(); }, ms);
		this.timers.add(timer);
	}

	/** One change of a reply: stored first, then pushed. */
	#change(chat, m, fields, name, data) {
		const prev = chat.seq;
		Object.assign(m, fields, { changedSeq: ++chat.seq });
		if (name)
			this.#publish(chat, name, { ...data, message_id: m.id, chat_id: chat.id, seq: chat.seq, prev });
	}

	#stream(chat, m) {
		const { text, chunk, tickMs, stallAfter } = this.knobs;
		this.#change(chat, m, { status: 'streaming' }, 'stream_start', { type: 'stream_start', provider: 'gemini', model: 'mock', attempt: 1 });
		let at = 0;
		const step = () => {
			if (at >= stallAfter)
				return;
			if (at >= text.length || this.knobs.error && at >= text.length / 2)
				return this.#end(chat, m);
			let to = Math.min(text.length, at + chunk);
			if (/[\ud800-\udbff]/.test(text[to - 1]))
				to++;
			const delta = text.slice(at, to);
			this.#change(chat, m, { content: m.content + delta }, 'text_delta', { type: 'text_delta', delta, offset: at });
			at = to;
			this.#later(step, tickMs);
		};
		step();
	}

	#end(chat, m) {
		const { end, error } = this.knobs;
		const status = error ? 'error' : end;
		if (error)
			this.#change(chat, m, { status, error }, 'error', { type: 'error', error_type: error.type, message: error.message, recoverable: false });
		else
			this.#change(chat, m, { status }, 'stream_end', { type: 'stream_end', reason: { complete: 'stop', stopped: 'cancelled', truncated: 'length' }[end] ?? end, length: m.content.length });
		const prev = chat.seq;
		m.changedSeq = ++chat.seq;
		this.#publish(chat, 'App\\Events\\MessageSent', { chatId: chat.id, message: this.#row(m), seq: chat.seq, prev });
	}

	/* --- push ---------------------------------------------------------------------------------------------------------- */

	#publish(chat, name, data) {
		const channel = `chat.${chat.id}`;
		if (this.knobs.drop(name, data))
			return;
		const frame = JSON.stringify({ event: name, channel, data: JSON.stringify(data) });
		for (const ws of this.channels.get(channel) ?? [])
			ws.send(frame);
	}

	#greet(ws) {
		const send = (event, data, channel) => ws.send(JSON.stringify({ event, channel, data: JSON.stringify(data) }));
		send('pusher:connection_established', { socket_id: '1.1', activity_timeout: 30 });
		ws.on('message', (frame) => {
			const { event, data } = JSON.parse(frame);
			if (event === 'pusher:ping')
				send('pusher:pong', {});
			if (event === 'pusher:subscribe') {
				const set = this.channels.get(data.channel) ?? new Set();
				this.channels.set(data.channel, set.add(ws));
				send('pusher_internal:subscription_succeeded', {}, data.channel);
			}
			if (event === 'pusher:unsubscribe')
				this.channels.get(data.channel)?.delete(ws);
		});
		ws.on('close', () => this.channels.forEach((set) => set.delete(ws)));
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	console.log((await new Mock().start(Number(process.argv[2] ?? 0))).url);
