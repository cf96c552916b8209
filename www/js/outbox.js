/*
 * outbox.js - messages on their way to the server, oldest first, one at a time. A message leaves the outbox when the server
 * has it; until then its text is kept, through a reload too. The Idempotency-Key makes every further try harmless.
 *
 * An entry: {key, text, state: 'sending' | 'waiting' | 'failed', error, until}. waiting = will be tried again by itself (no
 * network, 429, 502-504): until is that time. failed = the person decides.
 */
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15000, 30000];
const WAIT_MAX_S = 120;           // a longer Retry-After is for the person to decide

const isTemporary = ({ status, retryAfter }) =>
	(status === 0 || status === 429 || (status >= 502 && status <= 504)) && (retryAfter ?? 0) <= WAIT_MAX_S;

export class Outbox {
	/** send(text, key) -> receipt; onChange(entry); onSent(entry, receipt); save(entries) */
	constructor({ send, onChange, onSent, save }) {
		Object.assign(this, { send, onChange, onSent, save });
		this.entries = [];
		this.busy = false;
		this.tries = 0;
		this.timer = 0;
	}

	load(saved) {
		for (const { key, text } of saved)
			this.entries.push({ key, text, state: 'waiting', until: 0 });
		this.entries.forEach(this.onChange);
		this.#next();
	}

	add(key, text) {
		this.#put({ key, text, state: 'waiting', until: 0 });
	}

	retry(key) {
		const entry = this.entries.find((e) => e.key === key);
		if (!entry)
			return;
		this.tries = 0;
		this.#set(entry, { state: 'waiting', until: 0, error: undefined });
		this.#next();
	}

	discard(key) {
		this.entries = this.entries.filter((e) => e.key !== key);
		this.#save();
		this.#next();
	}

	/** The network is back: do not wait any longer. */
	flush() {
		for (const e of this.entries)
			if (e.state === 'waiting' && e.error?.status === 0)
				e.until = 0;
		this.#next();
	}

	close() {
		clearTimeout(this.timer);
		this.closed = true;
	}

	#put(entry) {
		this.entries.push(entry);
		this.#save();
		this.onChange(entry);
		this.#next();
	}

	#set(entry, fields) {
		Object.assign(entry, fields);
		if (!this.closed)
			this.onChange(entry);
	}

	#save() {
		this.save(this.entries.map(({ key, text }) => ({ key, text })));
	}

	async #next() {
		clearTimeout(this.timer);
		const entry = this.entries.find((e) => e.state === 'waiting');
		if (this.busy || this.closed || !entry)
			return;
		const wait = entry.until - Date.now();
		if (wait > 0) {
			this.timer = setTimeout(() => this.#next(), wait);
			return;
		}
		this.busy = true;
		await this.#try(entry);
		this.busy = false;
		this.#next();
	}

	async #try(entry) {
		this.#set(entry, { state: 'sending' });
		try {
			const receipt = await this.send(entry.text, entry.key);
			this.tries = 0;
			this.entries = this.entries.filter((e) => e !== entry);
			this.#save();
			if (!this.closed)
				this.onSent(entry, receipt);
		} catch (error) {
			const backoff = BACKOFF_MS[Math.min(this.tries++, BACKOFF_MS.length - 1)];
			const wait = (error.retryAfter ?? 0) * 1000 || backoff;
			this.#set(entry, isTemporary(error) ? { state: 'waiting', error, until: Date.now() + wait } : { state: 'failed', error });
		}
	}
}
