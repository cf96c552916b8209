/*
 * span.js - the part of a long chat that is in the page: at most SPAN_MAX messages. A browser's work for each frame grows
 * with what is in the page, seen or not, so that what is far away waits outside. Pure: ids in, ids out.
 */
export const SPAN_MAX = 300, STEP = 50;

export class Span {
	from = null;              // id of the first; null: from the beginning
	to = null;                // id of the last; null: to the end

	toEnd() {
		this.from = this.to = null;
	}

	/** The ids that belong into the page. isLow: the reader is nearer to its end than to its beginning, so the beginning goes. */
	of(order, isLow) {
		let i = Math.max(0, order.indexOf(this.from));
		let j = order.indexOf(this.to) + 1 || order.length;
		if (i >= j)
			[i, j] = [0, order.length];
		if (j - i > SPAN_MAX + STEP)
			[i, j] = isLow ? [j - SPAN_MAX, j] : [i, i + SPAN_MAX];
		this.#set(order, i, j);
		return order.slice(i, j);
	}

	up(order) {
		const i = Math.max(0, order.indexOf(this.from) - STEP);
		this.#set(order, i, Math.min(order.indexOf(this.to) + 1 || order.length, i + SPAN_MAX));
	}

	down(order) {
		const j = Math.min(order.length, (order.indexOf(this.to) + 1 || order.length) + STEP);
		this.#set(order, Math.max(0, order.indexOf(this.from), j - SPAN_MAX), j);
	}

	#set(order, i, j) {
		this.from = i > 0 ? order[i] : null;
		this.to = j < order.length ? order[j - 1] : null;
	}
}
