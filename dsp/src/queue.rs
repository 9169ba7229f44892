//! A first-in first-out queue of small values that never allocates after it is made.

/// At most `N` values wait; what comes when it is full is dropped and counted.
pub(crate) struct Queue<T: Copy, const N: usize> {
    items: [Option<T>; N],
    head: usize,
    len: usize,
    lost: u64,
}

impl<T: Copy, const N: usize> Queue<T, N> {
    pub(crate) fn new() -> Self {
        Queue {
            items: [None; N],
            head: 0,
            len: 0,
            lost: 0,
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.len == N {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        self.items[(self.head + self.len) % N] = Some(item);
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let item = self.items[self.head].take();
        self.head = (self.head + 1) % N;
        self.len -= 1;
        item
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_what_does_not_fit_is_counted() {
        let mut queue: Queue<u8, 2> = Queue::new();
        for value in 1..=4 {
            queue.push(value);
        }
        assert_eq!((queue.pop(), queue.lost()), (Some(1), 2));
        queue.push(5);
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop()],
            [Some(2), Some(5), None]
        );
    }
}
