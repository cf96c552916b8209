/*
 * md.js - streaming Markdown to DOM. marked only cuts the source into tokens; elements are made one by one from a closed
 * list, so no HTML is ever parsed. Each frame only the unfinished end of the text is lexed again and patched into what is
 * there: finished blocks are frozen and never touched, so that selections survive and long answers stay cheap.
 */
import { Lexer } from '../vendor/marked.esm.js';
import { h } from './dom.js';
import { colour } from './hl.js';
import { children, decode, headingLevel, heal, isInvisible, leafText, safeUrl, signature, visible } from './md-tokens.js';

const OPTIONS = { gfm: true, breaks: false };
const PLAIN_ABOVE = 200000;       // longer texts are shown as they are
const TAGS = {
	paragraph: 'p', blockquote: 'blockquote', strong: 'strong', em: 'em', del: 'del',
	thead: 'thead', tbody: 'tbody', tr: 'tr', hr: 'hr', br: 'br', codespan: 'code',
};

export class StreamMarkdown {
	constructor(root) {
		this.root = root;
		this.clear();
	}

	clear() {
		this.src = '';
		this.#restart();
		this.rebuilt = false;
		this.hasDefinitions = false;
	}

	append(text) {
		this.src += text.replaceAll('\r', '');
	}

	/** One frame of work. done: nothing will follow. */
	render(done = false) {
		if (this.src.length > PLAIN_ABOVE) {
			this.#renderPlain();
			return;
		}
		const tail = this.src.slice(this.frozen);
		const lexer = new Lexer(OPTIONS);
		Object.assign(lexer.tokens.links, this.links);
		const tokens = lexer.lex(done ? tail : heal(tail));
		this.hasDefinitions ||= tokens.some((t) => t.type === 'def');
		if (done && this.hasDefinitions && !this.rebuilt) {      // link definitions act backwards: once more from the start
			this.rebuilt = true;
			this.#restart();
			this.render(true);
			return;
		}
		Object.assign(this.links, lexer.tokens.links);
		const shown = visible(tokens);
		this.first = this.firstFrozen ?? shown.find((t) => t.type === 'heading')?.depth ?? 1;
		this.live = this.#patch(this.root, this.live, shown);
		this.#freeze(tokens);
		if (done)
			this.live.forEach(colourAll);
	}

	#restart() {
		this.frozen = 0;          // so much of src is drawn for good
		this.live = [];           // views of the blocks after it
		this.links = {};
		this.firstFrozen = null;  // depth of the answer's first heading
		this.plain = null;
		this.root.replaceChildren();
	}

	#renderPlain() {
		if (!this.plain) {
			this.#restart();
			this.plain = this.root.appendChild(h('pre', { class: 'plain' }));
		}
		this.plain.textContent = this.src;
	}

	/** Every block before the last visible one is final, if the last one's first line is complete; else keep one more. */
	#freeze(tokens) {
		let last = tokens.findLastIndex((t) => !isInvisible(t));
		if (last > 0 && !tokens[last].raw.includes('\n'))
			last = tokens.findLastIndex((t, i) => i < last && !isInvisible(t));
		let views = 0;
		for (const t of tokens.slice(0, Math.max(0, last))) {
			this.frozen += t.raw.length;
			if (t.type === 'heading')
				this.firstFrozen ??= t.depth;
			views += isInvisible(t) ? 0 : 1;
		}
		this.live.slice(0, views).forEach(colourAll);
		this.live = this.live.slice(views);
	}

	/* A view: {el, box: where children go, kids: views or null, text: text node or null, sig, raw, loose} */

	#patch(parent, old, tokens) {
		const views = tokens.map((t, i) => {
			const view = old[i];
			const sig = signature(t, this.first);
			if (view?.sig === sig && (this.#unchanged(view, t) || this.#update(view, t)))
				return view;
			const fresh = this.#build(t, sig);
			if (view)
				view.el.replaceWith(fresh.el);
			else
				parent.append(fresh.el);
			return fresh;
		});
		for (const view of old.slice(tokens.length))
			view.el.remove();
		return views;
	}

	#unchanged(view, t) {
		return view.raw === t.raw && view.loose === t.loose;
	}

	/** New content in the same element; false when it must be built anew. */
	#update(view, t) {
		if (view.isColoured)                             // its text is in the spans of its colours
			return false;
		if (view.text) {
			const text = leafText(t), shown = view.text.data;
			if (text.length > shown.length && text.startsWith(shown))
				view.text.appendData(text.slice(shown.length));
			else if (text !== shown)
				view.text.data = text;
		} else {
			const tokens = children(t);
			if (!tokens || !view.kids)
				return false;
			view.kids = this.#patch(view.box, view.kids, tokens);
		}
		view.raw = t.raw;
		view.loose = t.loose;
		return true;
	}

	#build(t, sig) {
		const view = { sig, raw: t.raw, loose: t.loose, text: null, kids: null, ...this.#element(t, sig) };
		view.box ??= view.el;
		const tokens = view.text || view.closed ? null : children(t);
		if (tokens)
			view.kids = this.#patch(view.box, [], tokens);
		else if (!view.text && !view.closed && !TAGS[t.type])
			view.el.textContent = t.raw;
		return view;
	}

	#element(t, sig) {
		switch (t.type) {
		case 'text':
			return t.tokens ? { el: h('span') } : leaf(t);
		case 'html':
			return sig === 'br' ? { el: h('br'), closed: true } : leaf(t);
		case 'escape':
			return leaf(t);
		case 'codespan':
			return withText(h('code'), t);
		case 'code':
			return codeBlock(t);
		case 'heading':
			return { el: h(`h${headingLevel(t.depth, this.first)}`, { class: `d${t.depth}` }) };
		case 'list':
			return { el: t.ordered && Number.isInteger(t.start) && t.start !== 1 ? h('ol', { start: t.start }) : h(t.ordered ? 'ol' : 'ul') };
		case 'list_item':
			return { el: h('li', { class: t.task ? 'task' : '' }) };
		case 'checkbox':
			return { el: h('input', { type: 'checkbox', disabled: true, checked: t.checked, ta: t.checked ? 'done_task' : 'open_task' }), closed: true };
		case 'table': {
			const table = h('table');
			return { el: h('div', { class: 'table', tabIndex: 0, role: 'region', ta: 'table' }, table), box: table };
		}
		case 'cell':
			return { el: h(t.header ? 'th' : 'td', { class: t.align ? `al-${t.align}` : '', ...(t.header && { scope: 'col' }) }) };
		case 'link':
			return { el: linkTo(safeUrl(t.href), '') };
		case 'image':
			return imageChip(t);
		default:
			return { el: h(TAGS[t.type] ?? 'p'), closed: t.type === 'hr' || t.type === 'br' };
		}
	}
}

function withText(el, t) {
	const text = document.createTextNode(leafText(t));
	el.append(text);
	return { el, text };
}

function leaf(t) {
	const text = document.createTextNode(leafText(t));
	return { el: text, text };
}

function codeBlock(t) {
	const lang = (t.lang ?? '').match(/^[\w+#.-]{1,20}/)?.[0];
	const view = withText(h('code'), t);
	const bar = h('figcaption', {},
		lang ? h('span', {}, lang) : h('span', { t: 'code' }),
		h('button', { class: 'copy', type: 'button', t: 'copy', data: { act: 'copy-code' } }));
	return { text: view.text, lang, code: view.el, el: h('figure', { class: 'code', dir: 'ltr' }, bar, h('pre', { tabIndex: 0 }, view.el)) };
}

function linkTo(url, cls) {
	if (!url)
		return h('span', { class: cls || 'badlink' });
	return h('a', { class: cls, href: url.href, title: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', referrerPolicy: 'no-referrer' });
}

/** Code gets its colours when nothing of its block will change any more. */
function colourAll(view) {
	if (view.lang && !view.isColoured)
		colour(view.code, view.text.data, view.lang);
	view.isColoured = Boolean(view.lang);
	view.kids?.forEach(colourAll);
}

/** Images of an answer are never fetched: that would tell a stranger what was read, and when. */
function imageChip(t) {
	const url = safeUrl(t.href);
	const el = linkTo(url, 'imgchip');
	el.append(t.text ? decode(t.text) : h('span', { t: 'image' }), url ? ` (${url.host})` : '');
	return { el, closed: true };
}
