package codec

import "slices"

// MatchesEntry is Matches for a type as its sender describes it, which this
// program need not know.
func (p Pattern) MatchesEntry(e *Entry) bool {
	switch p.kind {
	case patternAny:
		return true
	case patternType:
		return e.Name == p.name || slices.Contains(e.Embeds, p.name)
	case patternMethods:
		return subset(p.methods, e.Methods)
	}
	return false
}
