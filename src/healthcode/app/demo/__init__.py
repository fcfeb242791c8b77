"""A made-up city on one machine, with everything that lies outside made up too."""
