"""Planning: triggers open occurrences, SQL says who, one pure function says when, SQL writes it down."""
