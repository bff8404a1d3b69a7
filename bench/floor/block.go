package floor

import "bytes"

// fillStep is how much of a block is copied at once when it is filled: small
// enough that its source stays in the first cache.
const fillStep = 4096

// Fill sets every byte of a block, about as fast as C's memset.
func Fill(block []byte, value byte) {
	if len(block) == 0 {
		return
	}
	first := block[:min(len(block), fillStep)]
	first[0] = value
	for n := 1; n < len(first); n *= 2 {
		copy(first[n:], first[:n])
	}
	for rest := block[len(first):]; len(rest) > 0; {
		rest = rest[copy(rest, first):]
	}
}

// Intact reads every byte of a block and reports whether all have the value.
func Intact(block []byte, value byte) bool {
	return bytes.Count(block, []byte{value}) == len(block)
}

// putBlocks is put for large slots.
func (r *Ring) putBlocks(n uint64) uint64 {
	for range n {
		at := r.next & r.mask * r.slot
		Fill(r.data[at:at+r.slot], byte(r.next))
		r.next++
		publish(r.tail, r.next)
	}
	return n
}

// takeBlocks is take for large slots: each is given back as soon as it is read.
func (r *Ring) takeBlocks(n uint64) (uint64, bool) {
	intact := true
	for range n {
		at := r.next & r.mask * r.slot
		intact = Intact(r.data[at:at+r.slot], byte(r.next)) && intact
		r.next++
		publish(r.head, r.next)
	}
	return n, intact
}
