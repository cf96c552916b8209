/*
 * feed.js - one open chat: joins the pure sync.js to the network. Subscribes first, then fetches; polls where there is no
 * push; does what sync.js asks for and hands the rest of its actions to the view.
 */
import { getHistory, getMessages } from './api.js';
import { isOurs } from './store.js';
import { ChatSync } from './sync.js';

const POLL_RUNNING_MS = 1000, POLL_IDLE_MS = 10000, POLL_HIDDEN_MS = 30000;
const WATCHDOG_MS = 15000;        // with push: a running reply that is silent for so long is asked for
const NOTHING = { seq: 0, messages: [], deleted: [], more: false };

export class Feed {
	/**
	 * on.action(action) draws; on.contact(error or null): did the server answer; on.loaded(): the first page is there;
	 * on.gone(error): no such chat, or not for us; on.members(list), on.told(id): the people in it.
	 */
	constructor(chatId, push, on) {
		Object.assign(this, { chatId, push, on });
		this.sync = new ChatSync();
		this.loaded = false;
		this.closed = false;
		this.deaf = true;                                // nothing comes by push
		this.heard = performance.now();
		this.#subscribe(`presence-chat.${chatId}`);
		this.onWake = () => { if (!document.hidden) this.refresh(); };
		addEventListener('online', this.onWake);
		document.addEventListener('visibilitychange', this.onWake);
		this.refresh();
		this.plan();
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

	sent(receipt, text, beside) {
		this.#run(this.sync.sent(receipt, text, performance.now(), beside));
		if (this.#isDeaf)
			this.refresh();
		this.plan();
	}

	chose({ headId, seq }) {
		this.#run(this.sync.chose(headId, seq, performance.now()));
	}

	/** What stands above the first message. Returns whether something came. */
	async older() {
		const before = this.sync.above;
		if (!before || this.olderRuns)
			return false;
		this.olderRuns = true;
		try {
			const page = await getMessages(this.chatId, before);
			this.#run(this.sync.older(page));
			return page.messages.length > 0;
		} catch (error) {
			this.on.contact(error);
			return false;
		} finally {
			this.olderRuns = false;
		}
	}

	tell() {
		this.push.tell(this.channel);
	}

	get running() {
		return this.sync.running;
	}

	get #isDeaf() {
		return this.deaf || this.push.state !== 'live';
	}

	#subscribe(channel) {
		this.channel = channel;
		this.push.subscribe(channel, {
			event: (name, data) => this.#run(this.sync.event(name, data, this.#hear())),
			subscribed: () => { this.deaf = false; this.#run(this.sync.subscribed()); },
			members: (list) => this.on.members(list),
			told: (id) => this.on.told(id),
			refused: () => this.#onRefused(),
		});
	}

	/** No room in the presence channel, or no access any more: an open chat has another channel, of the rest history knows. */
	#onRefused() {
		this.deaf = true;
		const open = `chat.${this.chatId}`;
		if (!isOurs(this.chatId) && this.channel !== open) {
			this.push.unsubscribe(this.channel);
			this.#subscribe(open);
		}
		this.refresh();
	}

	#hear() {
		this.heard = performance.now();
		return this.heard;
	}

	/** The next poll. Called again whenever the state of push or of the reply may have changed. */
	plan() {
		clearTimeout(this.pollTimer);
		if (this.closed)
			return;
		this.pollTimer = setTimeout(() => {
			const silent = performance.now() - this.heard >= WATCHDOG_MS;
			if (this.#isDeaf || (this.running && silent))
				this.#run(this.sync.poll());
			this.plan();
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
			if (action.do === 'fetch' || action.do === 'open')
				this.#fetch(action);
			else if (action.do === 'wake')
				setTimeout(() => this.#run(this.sync.tick(performance.now())), Math.max(0, action.at - performance.now()) + 1);
			else
				this.on.action(action);
	}

	async #fetch(action) {
		const isOpen = action.do === 'open';
		let page = null, error = null;
		try {
			page = isOpen ? await getMessages(this.chatId) : await getHistory(this.chatId, action.after);
		} catch (e) {
			if (e.status === 404 && !isOurs(this.chatId))        // an open chat before its first message
				page = { ...NOTHING, reset: !isOpen && action.after > 0 };
			error = e;
		}
		if (this.closed)
			return;
		this.on.contact(page ? null : error);
		if (!page && [401, 403, 404].includes(error.status)) {
			this.on.gone(error);
			return;
		}
		const wasRunning = this.running;
		if (page)
			this.#run(isOpen ? this.sync.opened(page, this.#hear()) : this.sync.fetched(page, this.#hear()));
		else
			this.#run(this.sync.fetchFailed(performance.now()));
		if (this.running !== wasRunning)
			this.plan();
		if (page && !this.loaded) {
			this.loaded = true;
			this.on.loaded();
		}
	}
}
