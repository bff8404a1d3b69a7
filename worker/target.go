package worker

import (
	"fmt"
	"slices"
	"strconv"
)

// ID names one worker of a run. It is never given twice in a run, not even when
// the worker's place is taken by another.
type ID uint64

// SupervisorID is the id of the supervisor's process.
const SupervisorID = ID(1 << idSlotBits)

// An id is the worker's slot, and how often that slot had been given away:
//
//	48 bits - generation, from 1
//	16 bits - slot
const idSlotBits = 16

// MakeID returns the id of a slot's generation. It is used by package
// supervisor.
func MakeID(slot int, generation uint64) ID { return ID(generation<<idSlotBits | uint64(slot)) }

// Slot returns the worker's place in the run's tables.
func (id ID) Slot() int { return int(id & (1<<idSlotBits - 1)) }

// String returns the id as people see it: the slot, and the generation where it
// is not the first.
func (id ID) String() string {
	if generation := id >> idSlotBits; generation != 1 {
		return fmt.Sprintf("%d.%d", id.Slot(), uint64(generation))
	}
	return strconv.Itoa(id.Slot())
}

// Target says where a message goes: an [ID], [IDs], a [Name], [OneOf] a name,
// [Listeners] or [Broadcast].
type Target interface {
	fmt.Stringer
	isTarget()
}

// IDs is a set of workers as a target: each gets the message, once.
type IDs []ID

// One returns a member of the set, or ErrNoTarget for the empty set.
func (ids IDs) One() (ID, error) {
	if len(ids) == 0 {
		return 0, fmt.Errorf("%w: the set of ids is empty", ErrNoTarget)
	}
	return ids[0], nil
}

// Contains reports whether id is in the set.
func (ids IDs) Contains(id ID) bool { return slices.Contains(ids, id) }

// String returns the ids separated by commas.
func (ids IDs) String() string {
	text := "{"
	for i, id := range ids {
		if i > 0 {
			text += ", "
		}
		text += id.String()
	}
	return text + "}"
}

// Name is all workers of that name as a target: each gets the message.
type Name string

// String returns the quoted name.
func (n Name) String() string { return strconv.Quote(string(n)) }

type oneOf string

// OneOf returns a target that is one worker of that name for each message: the
// one with the most room, in turn among equals. It makes workers of one name
// share a queue of work.
func OneOf(name string) Target { return oneOf(name) }

func (o oneOf) String() string { return "one of " + strconv.Quote(string(o)) }

type meta uint8

const (
	// Listeners is everybody who listens to the message's type, as a target.
	Listeners meta = iota + 1

	// Broadcast is every named worker except the sender, as a target.
	Broadcast
)

func (m meta) String() string {
	if m == Listeners {
		return "listeners"
	}
	return "broadcast"
}

// describe returns the target's text. Unlike a call of String or fmt it says
// what to is of, so that a target need not be on the heap to be sent to.
func describe(to Target) string {
	switch to := to.(type) {
	case ID:
		return to.String()
	case IDs:
		return to.String()
	case Name:
		return to.String()
	case oneOf:
		return to.String()
	case meta:
		return to.String()
	}
	return "nobody"
}

func (ID) isTarget()    {}
func (IDs) isTarget()   {}
func (Name) isTarget()  {}
func (oneOf) isTarget() {}
func (meta) isTarget()  {}
