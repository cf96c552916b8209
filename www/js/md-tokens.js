/*
 * md-tokens.js - the pure half of md.js: what may be shown of marked's tokens, and how unfinished Markdown is made to look
 * finished while it is being typed. No DOM, so that node can test it.
 */
const ENTITIES = {
	amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®', trade: '™', hellip: '…', mdash: '—',
	ndash: '–', times: '×', rarr: '→', larr: '←', euro: '€', deg: '°', laquo: '«', raquo: '»', middot: '·', iexcl: '¡',
	iquest: '¿', le: '≤', ge: '≥', ne: '≠',
};

function codePoint(n) {
	const valid = n > 0 && n <= 0x10ffff && !(n >= 0xd800 && n <= 0xdfff);
	return valid ? String.fromCodePoint(n) : '\ufffd';
}

export function decode(s) {
	if (!s.includes('&'))
		return s;
	return s.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (all, dec, hex, name) => {
		if (name)
			return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : all;
		return codePoint(dec ? Number(dec) : parseInt(hex, 16));
	});
}

/** Absolute http(s) and mailto only; null for anything else, which stays inert text. */
export function safeUrl(href) {
	const s = decode(String(href)).replace(/[\u0000-\u0020\u007f]/g, '');
	if (!/^(https?:\/\/|mailto:)/i.test(s))
		return null;
	try {
		const url = new URL(s);
		return /^(https?|mailto):$/.test(url.protocol) ? url : null;
	} catch {
		return null;
	}
}

export const isInvisible = (t) => t.type === 'space' || t.type === 'def';
export const visible = (tokens) => (tokens.some(isInvisible) ? tokens.filter((t) => !isInvisible(t)) : tokens);

/** What a leaf token shows. */
export const leafText = (t) => (t.type === 'text' && !t.escaped ? decode(t.text) : t.text ?? t.raw);

const rowKey = (cells) => cells.map((c) => `${c.align ?? ''}\u0001${c.text}`).join('\u0002');

/** A tight list item holds its text in a block token: unwrap it, or make it a paragraph in a loose list. */
function itemChildren(t) {
	const out = [];
	for (const c of visible(t.tokens))
		if (c.type !== 'text' || !c.tokens)
			out.push(c);
		else if (t.loose)
			out.push({ type: 'paragraph', raw: c.raw, tokens: c.tokens });
		else
			out.push(...c.tokens);
	return out;
}

/** Child tokens, or null for a leaf. Tables get rows and cells of their own kind. */
export function children(t) {
	switch (t.type) {
	case 'list': return t.items;
	case 'list_item': return itemChildren(t);
	case 'table': return [{ type: 'thead', raw: rowKey(t.header), rows: [t.header] }, { type: 'tbody', raw: t.raw, rows: t.rows }];
	case 'thead':
	case 'tbody': return t.rows.map((cells) => ({ type: 'tr', raw: rowKey(cells), cells }));
	case 'tr': return t.cells.map((c) => ({ type: 'cell', raw: c.text, header: c.header, align: c.align, tokens: c.tokens }));
	case 'text': return t.tokens ?? null;
	case 'paragraph':
	case 'heading':
	case 'blockquote':
	case 'strong':
	case 'em':
	case 'del':
	case 'link':
	case 'cell': return visible(t.tokens ?? []);
	default: return null;
	}
}

/** The page owns h1 and h2; the answer's first heading becomes h3, and no level is skipped. */
export const headingLevel = (depth, first) => Math.min(6, Math.max(3, 3 + depth - first));

/** Two tokens with the same signature can share an element. */
export function signature(t, firstHeading) {
	switch (t.type) {
	case 'heading': return `h${headingLevel(t.depth, firstHeading)}-${t.depth}`;
	case 'list': return t.ordered ? `ol${t.start}` : 'ul';
	case 'list_item': return t.task ? 'task' : 'li';
	case 'code': return `code:${t.lang ?? ''}`;
	case 'link': return `a:${t.href}`;
	case 'image': return `img:${t.href}:${t.text}`;
	case 'cell': return (t.header ? 'th' : 'td') + (t.align ?? '');
	case 'checkbox': return `cb${t.checked}`;
	case 'html': return /^<br\s*\/?>$/i.test(t.raw.trim()) ? 'br' : 'html';
	default: return t.type;
	}
}

const FENCE = /^ {0,3}(?:```+|~~~+)/gm;
const FENCE_LINE_LAST = /(^|\n) {0,3}(?:```+|~~~+)[^\n]*$/;
const MARKER_LINE_LAST = /(^|\n)[ \t]*(?:[-+*=_#>|`~]+|\d{1,9}[.)]?)[ \t]*$/;
const TABLE_HEAD_LAST = /(^|\n\n) {0,3}\|[^\n]*(?:\n[ :|-]*)?$/;
const OPEN_LINK_LAST = /!?\[([^\]\n]*)\]\([^)\s]*$/;
const PARAGRAPH_MAX = 4000;

/** Closes or holds back what is unfinished at the end of s, so that nothing flashes as something that it will not be. */
export function heal(s) {
	const fences = s.match(FENCE);
	if (fences && fences.length % 2 && !FENCE_LINE_LAST.test(s))
		return s.replace(/\n {0,3}[`~]{1,2}$/, '\n');           // inside a code block
	for (const re of [MARKER_LINE_LAST, FENCE_LINE_LAST, TABLE_HEAD_LAST]) {
		const m = re.exec(s);
		if (m)
			s = s.slice(0, m.index + m[1].length);
	}
	const paragraph = s.slice(s.lastIndexOf('\n\n') + 1);
	return paragraph.length > PARAGRAPH_MAX || !/[*`[_~]/.test(paragraph) ? s : healInline(s, paragraph);
}

function healInline(s, paragraph) {
	const line = paragraph.slice(paragraph.lastIndexOf('\n') + 1);
	const link = OPEN_LINK_LAST.exec(line);
	if (link)
		return s.slice(0, s.length - link[0].length) + link[1];
	const noCode = paragraph.replace(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));
	if (noCode.includes('`') && !noCode.includes('```'))
		return noCode.endsWith('`') ? s.slice(0, -1) : `${s}\``;
	if ((noCode.match(/\*\*/g) ?? []).length % 2)
		return /\*\*\s*$/.test(noCode) ? s.replace(/\*\*\s*$/, '') : `${s.trimEnd()}**`;
	if (/(^|\s)\*$/.test(line) && !/^\s*\*$/.test(line))
		return s.slice(0, -1);
	return s;
}
