/*
 * plain.js - stands in for md.js where www/vendor is missing: paragraphs and fenced code, nothing else. Same interface.
 */
import { h } from './dom.js';

export class PlainText {
	constructor(root) {
		this.root = root;
		this.clear();
	}

	clear() {
		this.src = '';
		this.blocks = [];
		this.root.replaceChildren();
	}

	append(text) {
		this.src += text.replaceAll('\r', '');
	}

	render() {
		const blocks = split(this.src);
		blocks.forEach((block, i) => {
			const old = this.blocks[i];
			if (old && old.code === block.code) {
				if (old.text !== block.text)
					old.box.textContent = block.text;
				block.box = old.box;
				return;
			}
			const [el, box] = build(block);
			block.box = box;
			if (this.root.children[i])
				this.root.children[i].replaceWith(el);
			else
				this.root.append(el);
		});
		while (this.root.children.length > blocks.length)
			this.root.lastElementChild.remove();
		this.blocks = blocks;
	}
}

/** [{code: bool, text}] */
export function split(src) {
	const blocks = [];
	let code = null;
	let lines = [];
	const end = () => {
		if (lines.length > 0 || code)
			blocks.push({ code: code !== null, text: lines.join('\n') });
		lines = [];
	};
	for (const line of src.split('\n')) {
		const fence = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
		if (code ? fence?.startsWith(code) : fence) {
			end();
			code = code ? null : fence;
		} else if (!code && line.trim() === '') {
			end();
		} else {
			lines.push(line);
		}
	}
	end();
	return blocks;
}

function build({ code, text }) {
	if (!code) {
		const p = h('p', { class: 'pre' }, text);
		return [p, p];
	}
	const box = h('code', {}, text);
	const bar = h('figcaption', {}, h('span', { t: 'code' }), h('button', { class: 'copy', type: 'button', t: 'copy', data: { act: 'copy-code' } }));
	return [h('figure', { class: 'code', dir: 'ltr' }, bar, h('pre', { tabIndex: 0 }, box)), box];
}
