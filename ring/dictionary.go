package ring

import "fmt"

// AppendDictionary adds bytes to this process's dictionary and returns its
// length after it. Calls must not overlap. It reports an error that wraps
// [ErrFull] when there is no room, and [shm.ErrNoMemory]; nothing has been
// added then.
func (p *Port) AppendDictionary(entry []byte) (uint32, error) {
	length := int(p.dictWords.Load())
	if len(entry) > p.geometry.DictionarySize-length {
		return uint32(length), fmt.Errorf("%w: dictionary, %d of %d bytes used, %d more wanted", ErrFull, length, p.geometry.DictionarySize, len(entry))
	}
	if end := int64(pages(length + len(entry))); end > p.dictRoom {
		if err := p.allocate(p.out.dictionary+int(p.dictRoom), int(end-p.dictRoom)); err != nil {
			return uint32(length), err
		}
		p.dictRoom = end
	}
	copy(p.outbox[p.out.dictionary+length:], entry)
	// The bytes come before the length; a reader loads the length first.
	p.dictWords.Store(uint64(length + len(entry)))
	return uint32(length + len(entry)), nil
}

// dictionary returns the first n bytes of a peer's dictionary, or all of it for
// n < 0.
func (in *inbound) dictionary(n int) ([]byte, error) {
	length := in.dictLength.Load()
	if length > uint64(in.port.geometry.DictionarySize) || n > int(length) {
		return nil, fmt.Errorf("%w: dictionary of slot %d has %d bytes, %d are needed", ErrCorrupt, in.slot, length, n)
	}
	if n < 0 {
		n = int(length)
	}
	at := in.port.out.dictionary
	return in.outbox[at : at+n : at+n], nil
}
