package supervisor

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// keeper holds descriptors between a sender and its receivers: payloads too
// large for a slab, and files. It implements worker.Files for the supervisor's
// own desk.
type keeper struct {
	mu     sync.Mutex
	serial uint32
	kept   map[uint64]*keptFile
}

type keptFile struct {
	file  *os.File
	slots []int // receivers that may still want it
}

func newKeeper() *keeper { return &keeper{kept: map[uint64]*keptFile{}} }

// keep takes over a file for the workers in the given slots.
func (k *keeper) keep(file *os.File, slots []int) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serial++
	handle := worker.MakeHandle(k.serial, uint32(file.Fd()))
	k.kept[handle] = &keptFile{file, slots}
	return handle
}

// find returns a kept file by its descriptor.
func (k *keeper) find(descriptor uint32) *os.File {
	k.mu.Lock()
	defer k.mu.Unlock()
	for handle, f := range k.kept {
		if worker.HandleDescriptor(handle) == descriptor {
			return f.file
		}
	}
	return nil
}

// Keep implements ring.Blobs.
func (k *keeper) Keep(blob *shm.Segment, slots []int) (uint64, error) {
	return k.keepCopy(blob.File(), slots)
}

// duplicate returns a descriptor of its own for a file.
func duplicate(file *os.File) (*os.File, error) {
	again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("supervisor: keep a file: %w", err)
	}
	return again, nil
}

// keepCopy keeps a descriptor that the caller goes on using.
func (k *keeper) keepCopy(file *os.File, slots []int) (uint64, error) {
	again, err := duplicate(file)
	if err != nil {
		return 0, err
	}
	return k.keep(again, slots), nil
}

// Fetch implements ring.Blobs.
func (k *keeper) Fetch(handle uint64) (*shm.Segment, error) {
	file := k.find(worker.HandleDescriptor(handle))
	if file == nil {
		return nil, fmt.Errorf("supervisor: payload %d is not kept", handle)
	}
	again, err := duplicate(file)
	if err != nil {
		return nil, err
	}
	return shm.Open(again, "blob", shm.KindBlob, false)
}

// Drop implements ring.Blobs.
func (k *keeper) Drop(handle uint64, slot int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.kept[handle]
	if f == nil {
		return
	}
	f.slots = slices.DeleteFunc(f.slots, func(s int) bool { return s == slot })
	if len(f.slots) == 0 {
		f.file.Close()
		delete(k.kept, handle)
	}
}

// dropAll drops everything that is kept for a worker that has ended.
func (k *keeper) dropAll(slot int) {
	k.mu.Lock()
	var handles []uint64
	for handle, f := range k.kept {
		if slices.Contains(f.slots, slot) {
			handles = append(handles, handle)
		}
	}
	k.mu.Unlock()
	for _, handle := range handles {
		k.Drop(handle, slot)
	}
}

// Pass implements worker.Files.
func (k *keeper) Pass(file *os.File, slot int) (uint64, error) {
	return k.keepCopy(file, []int{slot})
}

// Take implements worker.Files.
func (k *keeper) Take(handle uint64) (*os.File, error) {
	k.mu.Lock()
	f := k.kept[handle]
	delete(k.kept, handle)
	k.mu.Unlock()
	if f == nil {
		return nil, fmt.Errorf("supervisor: file %d is not kept, or was taken already", handle)
	}
	return f.file, nil
}

// close closes everything that nobody took.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for handle, f := range k.kept {
		f.file.Close()
		delete(k.kept, handle)
	}
}
