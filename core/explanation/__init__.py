"""Why a network answers as it does: from a network and one digit to arrays, without a page."""
