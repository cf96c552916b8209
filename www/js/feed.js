/*
 * feed.js - one open chat: joins the pure sync.js to the network. Subscribes first, then fetches; polls where there is no
 * push; does what sync.js asks for and hands the rest of its actions to the view.
 */
import { getHistory } from './api.js';
import { ChatSync } from './sync.js';

const POLL_RUNNING_MS = 1000, POLL_IDLE_MS = 10000, POLL_HIDDEN_MS = 30000;
const WATCHDOG_MS = 15000;        // with push: a running reply that is silent for so long is asked for
const EMPTY = { seq: 0, messages: [], deleted: [], more: false, reset: false };

export class Feed {
	/**
	 * view(action) draws; onContact(error or null) tells whether the server answered; onLoaded: the first history is there.
	 * fresh: we have just made the id up, so the server is not asked about it before something was sent.
	 */
	constructor(chatId, push, { view, onContact, onLoaded, fresh = false }) {
		Object.assign(this, { chatId, push, view, onContact, onLoaded, fresh });
		this.sync = new ChatSync();
		this.channel = `chat.${chatId}`;
		this.loaded = false;
		this.closed = false;
		this.heard = performance.now();
		push.subscribe(this.channel, {
			event: (name, data) => { this.fresh = false; this.#run(this.sync.event(name, data, this.#hear())); },
			subscribed: () => this.#run(this.sync.subscribed()),
		});
		this.onWake = () => { if (!document.hidden) this.refresh(); };
		addEventListener('online', this.onWake);
		document.addEventListener('visibilitychange', this.onWake);
		this.refresh();
		this.#plan();
	}

	close() {
		this.closed = true;
		clearTimeout(this.pollTimer);
		removeEventListener('online', this.onWake);
		document.removeEventListener('visibilitychange', this.onWake);
		this.push.unsubscribe(this.channel);
	}

	refresh() {
		this.#run(this.sync.poll({ now: true }));
	}

	sent(receipt, text) {
		this.fresh = false;
		this.#run(this.sync.sent(receipt, text, performance.now()));
		if (this.push.state !== 'live')
			this.refresh();
		this.#plan();
	}

	get running() {
		return this.sync.running;
	}

	#hear() {
		this.heard = performance.now();
		return this.heard;
	}

	/** The next poll. Called again whenever the state of push or of the reply may have changed. */
	#plan() {
		clearTimeout(this.pollTimer);
		if (this.closed)
			return;
		this.pollTimer = setTimeout(() => {
			const silent = performance.now() - this.heard >= WATCHDOG_MS;
			if (this.push.state !== 'live' || (this.running && silent))
				this.#run(this.sync.poll());
			this.#plan();
		}, this.#pollInterval());
	}

	#pollInterval() {
		if (document.hidden)
			return POLL_HIDDEN_MS;
		return this.running ? POLL_RUNNING_MS : POLL_IDLE_MS;
	}

	#run(actions) {
		if (this.closed)
			return;
		for (const action of actions)
			if (action.do === 'fetch')
				this.#fetch(action.after);
			else if (action.do === 'wake')
				setTimeout(() => this.#run(this.sync.tick(performance.now())), Math.max(0, action.at - performance.now()) + 1);
			else
				this.view(action);
	}

	async #fetch(after) {
		let page = null, error = null;
		try {
			page = this.fresh ? EMPTY : await getHistory(this.chatId, after);
		} catch (e) {
			error = e;
		}
		if (this.closed)
			return;
		if (page !== EMPTY)
			this.onContact(error);
		const wasRunning = this.running;
		this.#run(error ? this.sync.fetchFailed(performance.now()) : this.sync.fetched(page, this.#hear()));
		if (this.running !== wasRunning)
			this.#plan();
		if (!this.loaded && page && !page.more) {
			this.loaded = true;
			this.onLoaded();
		}
	}
}
