/*
 * chat.js - the chat that is open, with all that can be done in it; and the outboxes of all chats, which go on by themselves.
 * Loaded when there is a chat to show, or when somebody begins to write.
 */
import * as api from './api.js';
import { label } from './i18n.js';
import { Feed } from './feed.js';
import { Outbox } from './outbox.js';
import { askMe, makeChat, me, withSession } from './session.js';
import * as store from './store.js';
import { Thread } from './thread.js';

const COUNTDOWN_MS = 1000, TOLD_MS = 4000, TELL_EVERY_MS = 3000;

export async function openChats(els, push, on) {
	// without www/vendor: plain text
	const Markdown = await import('./md.js').then((m) => m.StreamMarkdown, async () => (await import('./plain.js')).PlainText);
	return new Chats(els, push, on, Markdown);
}

class Chats {
	/**
	 * els: of thread.js, and live. on: contact(error or null), chat(id, fields), moved(from, chat), discarded(id of a chat that was only here), gone(error), loaded(id, is it
	 * empty?), ended() after each reply, state() after anything that the frame shows has changed, me(name), told(names), failed(error).
	 */
	constructor(els, push, on, Markdown) {
		Object.assign(this, { push, on });
		this.id = null;
		this.feed = null;
		this.people = [];
		this.members = [];
		this.writers = new Map();
		this.outboxes = new Map();
		this.thread = new Thread({
			...els, Markdown,
			on: {
				retry: (key) => this.outbox.retry(key),
				discard: (key) => this.#discard(key),
				regenerate: (id) => this.#another(id),
				edit: (id, text) => this.#edit(id, text),
				rephrase: (id) => this.thread.edit(id),
				choose: (id) => this.#choose(id),
				announce: (key) => { label(els.live, { t: key }); if (key === 'live_done') this.on.ended(); },
				older: () => this.#older(),
			},
		});
		for (const entry of store.unsent())
			this.#outboxOf(entry.chat).add(entry);
		setInterval(() => this.outbox?.entries.filter((e) => e.state === 'waiting' && e.error).forEach((e) => this.thread.putUnsent(e)), COUNTDOWN_MS);
	}

	/** id: a real one, or one that begins with store.NEW and is only here; null: none. */
	open(id) {
		if (id === this.id)
			return;
		this.feed?.close();
		this.feed = null;
		this.id = id;
		this.people = [];
		this.members = [];
		this.writers.clear();
		this.thread.clear();
		this.#showPeople();
		if (id === null)
			return;
		this.outbox = this.#outboxOf(id);
		if (!store.isNew(id)) {
			this.#listen();
			this.#learnMe();
		}
		this.outbox.entries.forEach((e) => this.thread.putUnsent(e));
	}

	/** entry: {chat, key, text, at}, kept already. */
	send(entry) {
		if (entry.chat === this.id)
			this.thread.follow(true);
		this.#outboxOf(entry.chat).add(entry);
		this.on.state();
	}

	/** The network or the server is back. */
	flush() {
		for (const outbox of this.outboxes.values())
			outbox.flush();
	}

	get empty() {
		return this.thread.empty;
	}

	get loaded() {
		return store.isNew(this.id ?? store.NEW) || Boolean(this.feed?.loaded);
	}

	get running() {
		return Boolean(this.thread.running());
	}

	async stop() {
		const reply = this.thread.running();
		if (!reply)
			return;
		try {
			await api.stopReply(this.id, reply.id, reply.stop());
		} catch (error) {
			reply.goOn();
			this.on.failed(error);
		}
	}

	editLast() {
		return this.thread.editLast();
	}

	/** Tells the others that we write. */
	tell() {
		const now = Date.now();
		if (!this.feed || now < (this.tellAgain ?? 0) || this.people.length < 2)
			return;
		this.tellAgain = now + TELL_EVERY_MS;
		this.feed.tell();
	}

	/** The connection's state has changed. */
	onPush() {
		this.feed?.plan();
	}

	/* --- sending ------------------------------------------------------------------------------------------------------- */

	#outboxOf(id) {
		if (!this.outboxes.has(id))
			this.outboxes.set(id, new Outbox({
				send: (entry) => this.#send(entry),
				onChange: (entry) => {
					if (entry.chat === this.id)
						this.thread.putUnsent(entry);
					if (entry.error)
						this.on.contact(entry.error);
				},
				onSent: (entry, receipt) => this.#onSent(entry, receipt),
				put: store.putUnsent,
				drop: store.dropUnsent,
			}));
		return this.outboxes.get(id);
	}

	/** A chat that is only here is made first; its id is the key that makes a second try harmless. */
	async #send(entry) {
		if (store.isNew(entry.chat)) {
			const from = entry.chat;
			const chat = await makeChat(from.slice(store.NEW.length));
			this.#move(from, chat);
		}
		return withSession(() => api.sendMessage(entry.chat, entry.text, entry.key), store.isOurs(entry.chat));
	}

	#discard(key) {
		this.thread.dropUnsent(key);
		this.outbox.discard(key);
		if (store.isNew(this.id) && this.outbox.entries.length === 0)
			this.on.discarded(this.id);
		this.on.state();
	}

	#move(from, chat) {
		const to = chat.chatId;
		const outbox = this.outboxes.get(from);
		this.outboxes.delete(from);
		this.outboxes.set(to, outbox);
		outbox.rename(to);
		if (this.id === from) {
			this.id = to;
			this.#listen();
		}
		this.on.moved(from, chat);
	}

	#onSent(entry, receipt) {
		store.noteMine(receipt.messageId);
		this.on.contact(null);
		if (entry.chat === this.id) {
			this.thread.adopt(entry.key, receipt.messageId);
			this.feed?.sent(receipt, entry.text);
		}
		this.on.chat(entry.chat, { touched: true });
		this.on.state();
	}

	/* --- what comes ------------------------------------------------------------------------------------------------------ */

	#listen() {
		const { id } = this;
		this.feed = new Feed(id, this.push, {
			action: (action) => this.#onAction(action),
			contact: (error) => this.on.contact(error),
			loaded: () => { this.on.state(); this.on.loaded(id, this.thread.empty); },
			gone: (error) => { this.feed.close(); this.on.gone(error); },
			members: (list) => { this.people = list; this.#showPeople(); },
			told: (person) => this.#onTold(person),
		});
	}

	#onAction(action) {
		if (action.do === 'chat') {
			if (action.chat.deleted)
				this.on.gone({ status: 404, code: 'deleted' });
			this.on.chat(this.id, action.chat);
			return;
		}
		if (action.do === 'put' && action.message.role === 'user' && !this.thread.has(action.message.id))
			this.#adoptTwin(action.message);
		this.thread.apply(action);
		if (action.do === 'put' && action.message.author && !this.names?.has(action.message.author.name))
			this.#showPeople();
		if (action.do === 'order')
			this.thread.setMore(Boolean(this.feed?.sync.above));
		if (action.do !== 'append')
			this.on.state();
	}

	/** Our own message can come by push before the answer to our POST does. */
	#adoptTwin({ id, content }) {
		const twin = this.outbox.entries.find((e) => e.state === 'sending' && e.text === content);
		if (!twin)
			return;
		store.noteMine(id);
		this.thread.adopt(twin.key, id);
	}

	async #older() {
		if (await this.feed?.older())
			this.thread.setMore(Boolean(this.feed?.sync.above));
	}

	/* --- answers and versions ---------------------------------------------------------------------------------------------- */

	/** One at a time: each costs. */
	async #another(id) {
		if (this.asking)
			return;
		this.asking = true;
		try {
			const receipt = await api.regenerate(this.id, id, store.randomId());
			this.thread.follow(true);
			this.feed.sent(receipt, '');
		} catch (error) {
			this.on.failed(error);
		} finally {
			this.asking = false;
		}
	}

	/** Returns whether the server has it. */
	async #edit(id, text) {
		try {
			const receipt = await api.editMessage(this.id, id, text, store.randomId());
			store.noteMine(receipt.messageId);
			this.thread.follow(true);
			this.feed.sent(receipt, text, id);
			return true;
		} catch (error) {
			this.on.failed(error);
			return false;
		}
	}

	async #choose(id) {
		try {
			this.feed.chose(await api.chooseBranch(this.id, id));
		} catch (error) {
			this.on.failed(error);
		}
	}

	/* --- people --------------------------------------------------------------------------------------------------------------- */

	/** Who we are decides which messages are ours. */
	async #learnMe() {
		if (me())
			return;
		await askMe().catch(() => {});
		this.#showPeople();
	}

	/** Whose a message is. Without an author it is a stranger's, or was sent from here without a session. */
	#authorOf({ id, author, mine }) {
		const isMine = mine || store.isMine(id) || (author?.id ? author.id === me()?.id : author?.name && author.name === me()?.name);
		return { mine: Boolean(isMine) || (!author && store.isOurs(this.id ?? '')), name: author?.name ?? null };
	}

	#showPeople() {
		const messages = [...(this.feed?.sync.messages.values() ?? [])].filter((m) => m.role === 'user');
		const others = messages.map((m) => this.#authorOf(m)).filter(({ mine, name }) => !mine && name);
		this.names = new Set(messages.map((m) => m.author?.name));
		this.thread.setPeople((m) => this.#authorOf(m), this.people.length > 1 || others.length > 0);
		this.on.state();
	}

	/** Who is known of is shown as writing for a moment. */
	#onTold(id) {
		const who = this.people.find((p) => p.id === id);
		if (!who || who.me)
			return;
		clearTimeout(this.writers.get(id)?.timer);
		const timer = setTimeout(() => { this.writers.delete(id); this.#showWriters(); }, TOLD_MS);
		this.writers.set(id, { name: who.name, timer });
		this.#showWriters();
	}

	#showWriters() {
		this.on.told([...this.writers.values()].map((w) => w.name));
	}
}
