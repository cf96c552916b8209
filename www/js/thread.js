/*
 * thread.js - the list of messages. Takes the actions of sync.js and the entries of the outbox; one view for each message,
 * found again by its id, so that nothing is drawn twice. Follows the end of the text only while the reader is there.
 * Of a long chat only a part is in the page (span.js); the rest comes back as one scrolls there.
 */
import { h } from './dom.js';
import { ReplyView, UserView, showCopied } from './message.js';
import { Pacer } from './pace.js';
import { Span } from './span.js';

const PIN_PX = 40, BUTTON_PX = 200;
const EDGE = '600px 0px';          // so early comes what stands above and below

export class Thread {
	/**
	 * els: {list, scroller, button, more}. on: retry(key), discard(key), regenerate(id), edit(id, text) -> done?, rephrase(id),
	 * choose(id), announce(i18n key), older().
	 */
	constructor({ list, scroller, button, more, Markdown, on }) {
		Object.assign(this, { list, scroller, button, more, Markdown });
		this.on = { ...on, choose: (id) => { this.#hold(id); on.choose(id); } };
		this.views = new Map();
		this.order = [];
		this.branches = new Map();
		this.pinned = true;
		this.me = () => true;
		this.pacer = new Pacer(() => this.follow());
		this.#watchScroll();
		this.span = new Span();
		this.less = h('div', { class: 'less', hidden: true });
		list.after(this.less);
		this.#watchEdges();
		list.addEventListener('click', (e) => {
			const copy = e.target.closest('[data-act="copy-code"]');
			if (copy)
				showCopied(copy, copy.closest('figure').querySelector('code').textContent);
		});
	}

	clear() {
		for (const view of this.views.values())
			view.forget();
		this.pacer.clear();
		this.views.clear();
		this.order = [];
		this.branches = new Map();
		this.isMore = false;
		this.span.toEnd();
		this.#showEdges();
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
		case 'append': this.views.get(action.id)?.append(action.text); break;
		case 'drop': this.#drop(action.id); break;
		case 'order': this.#sort(action); break;
		default: break;
		}
	}

	/** A message that is still in the outbox; its view becomes the message's own when it is sent. */
	putUnsent(entry) {
		const id = `unsent:${entry.key}`;
		const known = this.views.get(id);
		const view = known ?? this.#create({ id, role: 'user', content: entry.text });
		view.putUnsent(entry);
		if (known)
			this.follow();
		else
			this.#place();
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
		view.adopt(id);
		this.views.set(id, view);
		view.setTail(null);
	}

	dropUnsent(key) {
		this.#drop(`unsent:${key}`);
	}

	/** The last answer that is shown and runs: stop() shows no more of it and says how much is shown. */
	running() {
		const view = this.order.map((id) => this.views.get(id)).findLast((v) => ['queued', 'streaming'].includes(v?.message?.status));
		return view && { id: view.id, stop: () => view.hold(), goOn: () => view.put(view.message) };
	}

	editLast() {
		const id = this.order.findLast((k) => this.views.get(k)?.role === 'user' && !this.views.get(k).li.classList.contains('other'));
		if (id)
			this.edit(id);
		return Boolean(id);
	}

	edit(id) {
		const view = this.views.get(id);
		if (view && !view.li.isConnected)
			this.follow(true);
		view?.edit();
	}

	/** authorOf(message) -> {mine, name}; isShared: names are shown. Draws the authors again. */
	setPeople(authorOf, isShared) {
		this.authorOf = authorOf;
		this.list.classList.toggle('shared', isShared);
		for (const view of this.views.values())
			this.#setAuthor(view);
	}

	/** There is something above that is not here yet. */
	setMore(isMore) {
		this.isMore = isMore;
		this.#showEdges();
	}

	follow(force = false) {
		if (force) {
			this.#pin(true);
			if (this.span.to !== null) {
				this.span.toEnd();
				this.#place();
			}
		}
		if (this.pinned)
			this.scroller.scrollTop = this.scroller.scrollHeight;
		this.#showButton();
	}

	/* --- views ------------------------------------------------------------------------------------------------------- */

	#put(message) {
		if (message.role === 'system')
			return;
		const view = this.views.get(message.id);
		if (view)
			view.put(message);
		else
			this.#create(message);
		if (message.role === 'user')
			this.#setAuthor(this.views.get(message.id));
	}

	#create(message) {
		const view = message.role === 'user' ? new UserView(message, this.on) : new ReplyView(message, this.on, this);
		this.views.set(message.id, view);
		this.#setAuthor(view);
		return view;
	}

	#setAuthor(view) {
		if (view.role !== 'user')
			return;
		const { mine, name } = view.message.status && this.authorOf ? this.authorOf(view.message) : { mine: true };
		view.setAuthor(mine, name);
	}

	#drop(id) {
		const view = this.views.get(id);
		if (!view)
			return;
		view.forget();
		this.views.delete(id);
		view.li.remove();
	}

	/* --- order --------------------------------------------------------------------------------------------------------- */

	#sort({ ids, branches }) {
		for (const id of new Set([...this.branches.keys(), ...branches.keys()]))
			this.views.get(id)?.setBranches(branches.get(id));
		this.order = ids;
		this.branches = branches;
		const chosen = this.held && ids.includes(this.held.id) ? this.held : null;
		this.#place();
		if (chosen?.key)
			this.views.get(chosen.id)?.focusVersions(chosen.key);
	}

	/** The branch in its order, then what is unsent. Moves only what is out of place; what one looks at stays where it is. */
	#place() {
		const ids = this.span.of(this.order, this.pinned || this.scroller.scrollTop > this.#below);
		const unsent = this.span.to === null ? [...this.views.keys()].filter((id) => id.startsWith('unsent:')) : [];
		const wanted = [...ids, ...unsent].map((id) => this.views.get(id)?.li).filter(Boolean);
		const stay = new Set(wanted);
		const anchor = this.#anchor(stay);
		for (const li of [...this.list.children])
			if (!stay.has(li))
				li.remove();
		let next = this.list.firstElementChild;
		for (const li of wanted)
			if (li === next)
				next = next.nextElementSibling;
			else
				this.list.insertBefore(li, next);
		this.#returnTo(anchor);
		this.#showEdges();
		this.follow();
	}

	/** A chosen version takes the place of the one whose button was pressed. */
	#hold(id) {
		const parent = [...this.branches].find(([, all]) => all.includes(id))?.[0];
		const li = this.views.get(parent)?.li;
		this.held = li && { id, top: li.getBoundingClientRect().top, key: document.activeElement?.closest('.versions button')?.dataset.ta };
	}

	#anchor(stay) {
		if (this.pinned && !this.held)
			return null;
		if (this.held && this.order.includes(this.held.id)) {
			const { id, top } = this.held;
			this.held = null;
			this.#pin(false);
			return { li: this.views.get(id)?.li, top };
		}
		const edge = this.scroller.getBoundingClientRect().top;
		const li = [...this.list.children].find((c) => stay.has(c) && c.getBoundingClientRect().bottom > edge);
		return li && { li, top: li.getBoundingClientRect().top };
	}

	#returnTo(anchor) {
		if (!anchor?.li)
			return;
		const moved = anchor.li.getBoundingClientRect().top - anchor.top;
		if (moved !== 0)
			this.scroller.scrollTop += moved;
	}

	/* --- scrolling ------------------------------------------------------------------------------------------------------ */

	#watchEdges() {
		const edges = new IntersectionObserver((entries) => {
			for (const e of entries)
				this[e.target === this.more ? 'atTop' : 'atBottom'] = e.isIntersecting;
			this.#atEdge();
		}, { root: this.scroller, rootMargin: EDGE });
		edges.observe(this.more);
		edges.observe(this.less);
	}

	/** What an edge shows may be seen already: after the next frame the observer has had its say. */
	#showEdges() {
		this.more.hidden = !this.isMore && this.span.from === null;
		this.less.hidden = this.span.to === null;
		if (!this.more.hidden || !this.less.hidden)
			requestAnimationFrame(() => setTimeout(() => this.#atEdge()));
	}

	#atEdge() {
		if (this.atTop && this.span.from !== null)
			this.span.up(this.order);
		else if (this.atBottom && this.span.to !== null)
			this.span.down(this.order);
		else if (this.atTop && this.isMore)
			return void this.on.older();
		else
			return;
		this.#place();
	}

	get #below() {
		const { scrollHeight, scrollTop, clientHeight } = this.scroller;
		return scrollHeight - scrollTop - clientHeight;
	}

	#showButton() {
		this.button.hidden = this.pinned || (this.span.to === null && this.#below < BUTTON_PX);
	}

	#pin(pinned) {
		this.pinned = pinned;
		this.scroller.classList.toggle('pinned', pinned);
	}

	#watchScroll() {
		const { scroller, button } = this;
		scroller.addEventListener('scroll', () => {
			if (this.span.to === null && this.#below < PIN_PX)
				this.#pin(true);
			this.#showButton();
		}, { passive: true });
		const unpin = () => this.#pin(false);
		scroller.addEventListener('wheel', (e) => { if (e.deltaY < 0) unpin(); }, { passive: true });
		scroller.addEventListener('touchmove', unpin, { passive: true });
		scroller.addEventListener('keydown', (e) => { if (/^(ArrowUp|PageUp|Home)$/.test(e.key)) unpin(); });
		scroller.addEventListener('pointerdown', (e) => { if (e.target === scroller) unpin(); });       // its scrollbar
		button.addEventListener('click', () => this.follow(true));
		const sizes = new ResizeObserver(() => this.follow());   // also of what was only guessed while out of sight
		sizes.observe(this.list);
		sizes.observe(scroller);
	}
}
