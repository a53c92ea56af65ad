package pricing;

/** What one booking comes to: what is added to the listed price, and what is taken off. All in whole cents. */
record Tariff(long listedCents, long discountCents, long feeCents) {
    private static final long GROUP = 10; // so many seats are a group
    private static final long GROUP_DISCOUNT = 100; // thousandths of the listed price
    private static final long FEE_SHARE = 25; // thousandths of what is left of it
    private static final long FEE_CENTS = 90; // and this, once a booking
    private static final long FEE_AT_MOST_CENTS = 2000;

    /** What so many seats of this listed price come to. */
    static Tariff of(long priceCents, long seats) {
        long listed = priceCents * seats;
        long discount = seats >= GROUP ? thousandths(listed, GROUP_DISCOUNT) : 0;
        long fee = thousandths(listed - discount, FEE_SHARE) + FEE_CENTS;
        return new Tariff(listed, discount, Math.min(fee, FEE_AT_MOST_CENTS));
    }

    long totalCents() {
        return listedCents - discountCents + feeCents;
    }

    /** So many thousandths of an amount, half a cent rounded up. */
    private static long thousandths(long cents, long share) {
        return (cents * share + 500) / 1000;
    }
}
