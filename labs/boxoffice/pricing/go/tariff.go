package main

// The tariff: what is added to the listed price, and what is taken off. All amounts are whole cents.
const (
	group          = 10  // so many seats are a group
	groupDiscount  = 100 // thousandths of the listed price
	feeShare       = 25  // thousandths of what is left of it
	feeCents       = 90  // and this, once a booking
	feeAtMostCents = 2000
)

// amounts are what one booking comes to, in cents.
type amounts struct {
	listed, discount, fee int64
}

func (a amounts) total() int64 {
	return a.listed - a.discount + a.fee
}

// tariff says what so many seats of this listed price come to.
func tariff(priceCents, seats int64) amounts {
	listed, discount := priceCents*seats, int64(0)
	if seats >= group {
		discount = thousandths(listed, groupDiscount)
	}
	fee := thousandths(listed-discount, feeShare) + feeCents
	return amounts{listed, discount, min(fee, feeAtMostCents)}
}

// thousandths of an amount, half a cent rounded up.
func thousandths(cents, share int64) int64 {
	return (cents*share + 500) / 1000
}
