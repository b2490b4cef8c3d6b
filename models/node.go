package models

// CheckNodeID returns a KindInvalid error about field when id cannot name a node: besides CheckID's rules, config and
// live are words of the bus.
func CheckNodeID(field, id string) error {
	if id == "config" || id == "live" {
		return Invalid(field, "%q cannot name a node: the word is used by the bus; choose another", id)
	}
	return CheckID(field, id)
}
