package ring

// Quarantine ends the reading of a lane because the layer above found nonsense
// in it, and returns an error that wraps [ErrCorrupt]. The sender is told as if
// the receiver had ended. It is to be called from the handler of a record of
// that lane.
func (r *Receiver) Quarantine(reason error) error {
	err := r.corrupt("%v", reason)
	r.reported = true
	return err
}
