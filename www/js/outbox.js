/*
 * outbox.js - one chat's messages on their way to the server, oldest first, one at a time. A message leaves the outbox when
 * the server has it; until then its text is kept, through a reload too. The Idempotency-Key makes every further try harmless.
 *
 * An entry: {chat, key, text, at, state: 'sending' | 'waiting' | 'failed', error, until}. waiting = will be tried again by
 * itself (no network, 429, full queue, 502-504): until is that time. failed = the person decides.
 */
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15000, 30000];
const WAIT_MAX_S = 120;           // a longer Retry-After is for the person to decide

const isTemporary = ({ status, code, retryAfter }) =>
	(status === 0 || status === 429 || code === 'queue_full' || (status >= 502 && status <= 504)) && (retryAfter ?? 0) <= WAIT_MAX_S;

export class Outbox {
	/**
	 * send(entry) -> receipt; onChange(entry); onSent(entry, receipt); put(entry) and drop(key): what is kept through a
	 * reload (whoever adds has kept it).
	 */
	constructor({ send, onChange, onSent, put, drop }) {
		Object.assign(this, { send, onChange, onSent, put, drop });
		this.entries = [];
		this.busy = false;
		this.tries = 0;
		this.timer = 0;
	}

	/** kept: {chat, key, text, at}. One that is here already stays as it is. */
	add(kept) {
		if (this.entries.some((e) => e.key === kept.key))
			return;
		const entry = { ...kept, state: 'waiting', until: 0 };
		this.entries.push(entry);
		this.onChange(entry);
		this.#next();
	}

	/** The chat got its real id. */
	rename(chat) {
		for (const entry of this.entries) {
			entry.chat = chat;
			this.put(entry);
		}
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
		this.drop(key);
		this.#next();
	}

	/** The network is back: do not wait any longer. */
	flush() {
		for (const e of this.entries)
			if (e.state === 'waiting' && e.error?.status === 0)
				e.until = 0;
		this.#next();
	}

	#set(entry, fields) {
		Object.assign(entry, fields);
		this.onChange(entry);
	}

	async #next() {
		clearTimeout(this.timer);
		const entry = this.entries.find((e) => e.state === 'waiting');
		if (this.busy || !entry)
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
			const receipt = await this.send(entry);
			this.tries = 0;
			this.entries = this.entries.filter((e) => e !== entry);
			this.drop(entry.key);
			this.onSent(entry, receipt);
		} catch (error) {
			if (!this.entries.includes(entry))
				return;                                      // discarded meanwhile
			const backoff = BACKOFF_MS[Math.min(this.tries++, BACKOFF_MS.length - 1)];
			const wait = (error.retryAfter ?? 0) * 1000 || backoff;
			this.#set(entry, isTemporary(error) ? { state: 'waiting', error, until: Date.now() + wait } : { state: 'failed', error });
		}
	}
}
