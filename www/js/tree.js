/*
 * tree.js - the messages of a chat that are known: a tree, of which one branch is shown. Pure.
 *
 * A turn that was said anew, and another answer to the same turn, are siblings. What stands above the known part of the
 * branch comes later (above), so a parent may be missing.
 */
export class Tree {
	#children = new Map();    // parent id or null -> ids, oldest first

	messages = new Map();
	head = null;              // last message of the branch that is shown

	/** Returns whether the branch may look different now. */
	put(m) {
		const old = this.messages.get(m.id);
		const moved = !old || old.parentId !== m.parentId;
		if (old && moved)
			this.#leave(old);
		this.messages.set(m.id, old?.mine ? { ...m, mine: true } : m);
		return this.noteSiblings(m) || moved;
	}

	drop(m) {
		this.messages.delete(m.id);
		this.#leave(m);
		if (this.head === m.id)
			this.head = m.parentId ?? null;
	}

	/** A page names all siblings in their order; a message that comes alone is the newest. Returns whether there are more. */
	noteSiblings({ id, parentId, siblings = [] }) {
		const known = this.#children.get(parentId ?? null) ?? [];
		const ids = [...siblings, ...[...known, id].filter((k) => !siblings.includes(k))];
		const all = [...new Set(ids)];
		const born = (k) => this.messages.get(k)?.createdAt;
		if (siblings.length === 0 && all.every(born))
			all.sort((a, b) => (born(a) < born(b) ? -1 : Number(born(a) > born(b))));
		this.#children.set(parentId ?? null, all);
		return all.length !== known.length;
	}

	#leave({ id, parentId }) {
		const rest = (this.#children.get(parentId ?? null) ?? []).filter((k) => k !== id);
		if (rest.length > 0)
			this.#children.set(parentId ?? null, rest);
		else
			this.#children.delete(parentId ?? null);
	}

	/** Ids of all that were said in the place of this one, oldest first; its own among them. */
	siblings(id) {
		return this.#children.get(this.messages.get(id)?.parentId ?? null) ?? [id];
	}

	/** The branch that is shown: up from the head as far as it is known, then down from the head along the newest children. */
	path() {
		const ids = [];
		const met = new Set();
		const take = (m) => met.add(m.id) && ids.push(m.id);
		for (let m = this.messages.get(this.head); m && !met.has(m.id); m = this.messages.get(m.parentId))
			take(m);
		ids.reverse();
		for (let m = this.#newestChild(ids.at(-1)); m && !met.has(m.id); m = this.#newestChild(m.id))
			take(m);
		return ids;
	}

	#newestChild(id) {
		return this.messages.get(this.#children.get(id ?? null)?.findLast((k) => this.messages.has(k)));
	}

	/** The first message of the branch, if something stands above it that is not known. */
	get above() {
		let m = this.messages.get(this.head);
		for (const met = new Set(); m && this.messages.has(m.parentId) && !met.has(m.id); m = this.messages.get(m.parentId))
			met.add(m.id);
		return m?.parentId && !m.provisional ? m.id : null;
	}
}
