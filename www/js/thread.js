/*
 * thread.js - the list of messages. Takes the actions of sync.js and the entries of the outbox; one view for each message,
 * found again by its id, so that nothing is drawn twice. Follows the end of the text only while the reader is there.
 */
import { h, icon, iconButton, copyText } from './dom.js';
import { label } from './i18n.js';
import { Pacer, portion } from './pace.js';
import { isRunning } from './sync.js';
import { isNotice, replyWords, sendWords } from './words.js';

const PIN_PX = 40, BUTTON_PX = 200;
const STILL_THINKING_MS = 8000, COPIED_MS = 1500;

export class Thread {
	/** on: retry(key), discard(key), askAgain(text), announce(i18n key) */
	constructor({ list, scroller, button, Markdown, on }) {
		Object.assign(this, { list, scroller, button, Markdown, on });
		this.views = new Map();
		this.order = [];
		this.pinned = true;
		this.pacer = new Pacer(() => this.follow());
		this.#watchScroll();
		list.addEventListener('click', (e) => this.#onClick(e));
	}

	clear() {
		for (const view of this.views.values())
			this.#forget(view);
		this.views.clear();
		this.order = [];
		this.list.replaceChildren();
		this.follow(true);
	}

	get empty() {
		return this.views.size === 0;
	}

	has(id) {
		return this.views.has(id);
	}

	/** One action of sync.js. */
	apply(action) {
		switch (action.do) {
		case 'put': this.#put(action.message); break;
		case 'append': this.#append(this.views.get(action.id), action.text); break;
		case 'drop': this.#drop(action.id); break;
		case 'order': this.#sort(action.ids); break;
		default: break;
		}
	}

	/** A message that is still in the outbox; its view becomes the message's own when it is sent. */
	putUnsent(entry) {
		const id = `unsent:${entry.key}`;
		const view = this.views.get(id) ?? this.#create({ id, role: 'user', content: entry.text });
		view.li.dataset.status = entry.state;
		this.#tail(view, unsentNote(entry, this.on));
		this.#place();
		if (entry.state === 'sending')
			this.follow();
	}

	adopt(key, id) {
		const view = this.views.get(`unsent:${key}`);
		if (!view)
			return;
		this.views.delete(view.id);
		if (this.views.has(id)) {                    // it came by push or history first
			view.li.remove();
			return;
		}
		view.id = id;
		view.li.dataset.id = id;
		this.views.set(id, view);
		this.#tail(view, null);
	}

	dropUnsent(key) {
		this.#drop(`unsent:${key}`);
	}

	follow(force = false) {
		if (force)
			this.pinned = true;
		if (this.pinned)
			this.scroller.scrollTop = this.scroller.scrollHeight;
	}

	/* --- views: {id, role, li, body, md, text: all that arrived, shown: how much of it is drawn, message, tail} -------- */

	#put(message) {
		if (message.role === 'system')
			return;
		const known = this.views.get(message.id);
		const view = known ?? this.#create(message);
		if (view.role === 'user') {
			view.text = message.content;
			view.body.textContent = message.content;
			view.li.dataset.status = 'complete';
			return;
		}
		const wasRunning = isRunning(view.message?.status);
		view.message = message;
		view.li.dataset.status = message.status;
		this.#setText(view, isNotice(message) ? '' : message.content);
		if (isRunning(message.status))
			this.#showRunning(view);
		if (isRunning(message.status) !== wasRunning)
			this.on.announce(wasRunning ? 'live_done' : 'live_answering');
		if (known)
			this.pacer.add(view.job);
		else
			this.#draw(view, Infinity);
	}

	#create(message) {
		const user = message.role === 'user';
		const body = h('div', { class: user ? 'body' : 'md', dir: 'auto' });
		const who = h('h2', { class: user ? 'who vh' : 'who' }, !user && icon('spark'), h('span', { t: user ? 'you' : 'ai' }));
		const li = h('li', { class: `msg ${user ? 'u' : 'a'}`, data: { id: message.id } }, who, body);
		const view = { id: message.id, role: message.role, li, body, text: '', shown: 0, tail: null };
		if (user) {
			view.text = message.content;
			body.textContent = message.content;
		} else {
			view.md = new this.Markdown(body);
			view.job = (ms) => this.#draw(view, ms);
		}
		this.views.set(message.id, view);
		return view;
	}

	#append(view, text) {
		if (!view || view.role === 'user')
			return;
		if (view.text === '')
			this.#note(view, null);
		view.text += text;
		this.pacer.add(view.job);
	}

	/** Longer text goes on from what is there; other text replaces it. */
	#setText(view, text) {
		if (!text.startsWith(view.text)) {
			view.md.clear();
			view.shown = 0;
		}
		view.text = text;
	}

	/** Draws the next portion. Returns whether more is left. */
	#draw(view, ms) {
		const rest = view.text.slice(view.shown);
		if (rest) {
			const text = portion(rest, ms);
			if (view.shown === 0)
				view.body.replaceChildren();
			view.shown += text.length;
			view.md.append(text);
		}
		const done = view.shown === view.text.length && !isRunning(view.message.status);
		if (rest || done)
			view.md.render(done);
		if (done)
			this.#finish(view);
		return view.shown < view.text.length;
	}

	/** Dots until the first text, and after a while a word. */
	#showRunning(view) {
		view.body.setAttribute('aria-busy', 'true');
		this.#note(view, waitingNote(view.message));
		if (view.text !== '')
			return;
		if (!view.body.querySelector('.dots'))
			view.body.replaceChildren(h('span', { class: 'dots' }, h('i'), h('i'), h('i')));
		if (!view.tail)
			view.timer = setTimeout(() => this.#note(view, { t: 'still_thinking' }), STILL_THINKING_MS);
	}

	/** A quiet line under a running reply; null takes it away. */
	#note(view, words) {
		clearTimeout(view.timer);
		this.#tail(view, words && h('p', { class: 'quiet', ...words }));
	}

	/** All text is drawn and the reply is over. */
	#finish(view) {
		clearTimeout(view.timer);
		view.body.removeAttribute('aria-busy');
		if (view.text === '')
			view.body.replaceChildren();
		const note = endNote(view.message, () => this.on.askAgain(this.#questionOf(view)));
		const actions = view.text && h('div', { class: 'acts' }, iconButton('copy', 'copy', (e) => this.#copy(e.currentTarget, view.text)));
		this.#tail(view, note || actions ? h('div', {}, note, actions || null) : null);
	}

	#tail(view, el) {
		view.tail?.remove();
		view.tail = el;
		if (el)
			view.li.append(el);
	}

	#questionOf(view) {
		return this.views.get(view.message.parentId)?.text ?? '';
	}

	#forget(view) {
		clearTimeout(view.timer);
		if (view.job)
			this.pacer.remove(view.job);
	}

	#drop(id) {
		const view = this.views.get(id);
		if (!view)
			return;
		this.#forget(view);
		this.views.delete(id);
		view.li.remove();
	}

	/* --- order and scrolling ------------------------------------------------------------------------------------------------------ */

	#sort(ids) {
		this.order = ids;
		this.#place();
	}

	/** The branch in its order, then what is unsent. Moves only what is out of place. */
	#place() {
		const unsent = [...this.views.keys()].filter((id) => id.startsWith('unsent:'));
		const wanted = [...this.order, ...unsent].map((id) => this.views.get(id)?.li).filter(Boolean);
		const stay = new Set(wanted);
		for (const li of [...this.list.children])
			if (!stay.has(li))
				li.remove();
		wanted.forEach((li, i) => {
			if (this.list.children[i] !== li)
				this.list.insertBefore(li, this.list.children[i] ?? null);
		});
		this.follow();
	}

	#watchScroll() {
		const { scroller, button } = this;
		scroller.addEventListener('scroll', () => {
			const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
			if (below < PIN_PX)
				this.pinned = true;
			button.hidden = below < BUTTON_PX;
		}, { passive: true });
		const unpin = () => { this.pinned = false; };
		scroller.addEventListener('wheel', (e) => { if (e.deltaY < 0) unpin(); }, { passive: true });
		scroller.addEventListener('touchmove', unpin, { passive: true });
		scroller.addEventListener('keydown', (e) => { if (/^(ArrowUp|PageUp|Home)$/.test(e.key)) unpin(); });
		button.addEventListener('click', () => this.follow(true));
	}

	/* --- copying -------------------------------------------------------------------------------------------------------------------- */

	#onClick(e) {
		const button = e.target.closest('[data-act="copy-code"]');
		if (button)
			this.#copy(button, button.closest('figure').querySelector('code').textContent);
	}

	async #copy(button, text) {
		if (!await copyText(text))
			return;
		const asIcon = button.classList.contains('ico');
		const show = (key, name) => {
			if (asIcon)
				button.replaceChildren(icon(name));
			label(button, asIcon ? { ta: key, tt: key } : { t: key });
		};
		show('copied', 'check');
		setTimeout(() => show('copy', 'copy'), COPIED_MS);
	}
}

/* --- words under a message ----------------------------------------------------------------------------------------------------------- */

function waitingNote(message) {
	if (message.waiting)
		return { t: 'st_waiting' };
	return message.status === 'queued' && message.position > 0 ? { t: 'in_queue', vars: { n: message.position } } : null;
}

const NOTE_CLASS = { error: 'bad', blocked: 'warn' };

/** null for a reply that simply ended well. */
function endNote(message, askAgain) {
	const { status, error } = message;
	if (status === 'complete')
		return null;
	const { t, text } = replyWords(status, error);
	const words = h('span', { t }, text);
	if (status !== 'error' && status !== 'blocked')
		return h('p', { class: 'quiet' }, words);
	return h('div', { class: `note ${NOTE_CLASS[status]}`, role: 'alert' }, icon('alert'),
		h('div', {}, words, status === 'error' && h('button', { class: 'btn small', type: 'button', t: 'ask_again', on: { click: askAgain } })));
}

function unsentNote(entry, on) {
	if (entry.state === 'sending')
		return null;
	if (entry.state === 'waiting') {
		const s = Math.max(1, Math.ceil((entry.until - Date.now()) / 1000));
		const soon = entry.error ? { t: 'pending_wait', vars: { s } } : { t: 'pending' };
		return h('p', { class: 'sendnote' }, entry.error && h('span', { t: sendWords(entry.error) }), ' ', h('span', soon));
	}
	return h('p', { class: 'sendnote bad', role: 'alert' },
		h('span', {}, h('b', { t: 'not_sent' }), ' ', h('span', { t: sendWords(entry.error) })),
		h('button', { class: 'link', type: 'button', t: 'retry', on: { click: () => on.retry(entry.key) } }),
		h('button', { class: 'link', type: 'button', t: 'discard', on: { click: () => on.discard(entry.key) } }));
}
