package codec

import "encoding/binary"

// appendText appends a length and the bytes of s.
func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendTexts appends a count and each of list.
func appendTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

// A scanner reads what the functions above append, from bytes of a peer. After
// the first thing that is wrong, bad is set, nothing is left, and every read
// gives a zero value: callers look once, at the end, and in loops.
type scanner struct {
	b   []byte
	bad bool
}

func (s *scanner) fail() {
	s.b, s.bad = nil, true
}

// ok reports whether everything was read and nothing was wrong.
func (s *scanner) ok() bool { return !s.bad && len(s.b) == 0 }

func (s *scanner) byte() byte {
	if len(s.b) == 0 {
		s.fail()
		return 0
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c
}

// uint reads a number up to limit.
func (s *scanner) uint(limit uint64) uint64 {
	x, n := binary.Uvarint(s.b)
	if n <= 0 || x > limit {
		s.fail()
		return 0
	}
	s.b = s.b[n:]
	return x
}

func (s *scanner) uint64() uint64 {
	if len(s.b) < 8 {
		s.fail()
		return 0
	}
	x := binary.LittleEndian.Uint64(s.b)
	s.b = s.b[8:]
	return x
}

// count reads the number of things that follow, each of a byte at least.
func (s *scanner) count() int {
	n := s.uint(maxEntry)
	if n > uint64(len(s.b)) {
		s.fail()
		return 0
	}
	return int(n)
}

// text reads printable text of up to maxName bytes.
func (s *scanner) text() string {
	n := s.count()
	if s.bad || n > maxName {
		s.fail()
		return ""
	}
	text := string(s.b[:n])
	if text != "" && !validName(text) {
		s.fail()
		return ""
	}
	s.b = s.b[n:]
	return text
}

// texts reads a list of non-empty texts.
func (s *scanner) texts() []string {
	n := s.count()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, min(n, 64))
	for range n {
		text := s.text()
		if text == "" {
			s.fail()
			return nil
		}
		list = append(list, text)
	}
	return list
}
